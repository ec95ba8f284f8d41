// What went wrong, said where it happened, with the way to go on.

import { explanation, Refused } from './api/errors'
import { make, setText } from './elements'

/**
 * The link to the log-in page, in a tab of its own: what this page holds stays as it is. That tab
 * leads home: the same page twice would invite to go on in both.
 */
function loginLink(): HTMLElement {
  return make(
    'a',
    { href: '/accounts/login/', target: '_blank', rel: 'noopener' },
    'Log in in a new tab',
  )
}

/** This will say an error in `element`; when the login has ended, with a link to log in. */
export function showTrouble(element: HTMLElement, error: unknown, text = explanation(error)): void {
  const isSignedOut = error instanceof Refused && error.isSignedOut
  if (!isSignedOut) setText(element, text)
  // Said once: what is said again every few seconds is announced each time.
  else if (!element.querySelector('a')) element.replaceChildren(text, ' ', loginLink(), '.')
}

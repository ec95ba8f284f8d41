// What is saved and what is not, in words, always visible.

import { make, plural, setText } from '../elements'
import { timeFormat } from '../time'
import type { SavingState } from './outbox'

export interface Badge {
  readonly element: HTMLElement
  update(state: SavingState): void
}

const time = timeFormat({ timeStyle: 'medium' })

/** This will say the state of saving in one or two plain sentences. */
export function savingText(state: SavingState): string {
  const changes = plural(state.kind === 'saved' ? 0 : state.unsent, 'change')
  switch (state.kind) {
    case 'saved':
      return state.at ? `All saved ${time(state.at)}` : 'Nothing to save yet'
    case 'saving':
      return 'Saving…'
    case 'retrying':
      return state.isKept
        ? `Not saved yet: ${changes} kept in this browser, retrying`
        : `Not saved yet: ${changes} kept in this page only, retrying. Do not close it`
    case 'signed_out':
      return state.isKept
        ? `Your login has ended. ${changes} kept in this browser and sent after you log in`
        : `Your login has ended. ${changes} kept in this page only. Do not close it`
    case 'somebody_else':
      return state.isKept
        ? `Somebody else is logged in. ${changes} kept in this browser`
        : `Somebody else is logged in. ${changes} kept in this page only. Do not close it`
    case 'not_allowed':
      return `Not saved: ${changes} kept in this browser. ${state.message}`
    case 'refused':
      return `Not saved: ${state.message}`
  }
}

export interface BadgeActions {
  readonly retry: () => void
  readonly discard: () => void
  readonly loginUrl: string
}

export function buildBadge(actions: BadgeActions): Badge {
  const text = make('span', { class: 'badge-text', role: 'status' })
  const retry = make('button', { type: 'button', class: 'quiet', click: actions.retry }, 'Try now')
  const discard = make(
    'button',
    { type: 'button', class: 'quiet', click: actions.discard },
    'Go on without it',
  )
  const login = make(
    'a',
    { href: actions.loginUrl, target: '_blank', rel: 'noopener', class: 'quiet' },
    'Log in',
  )
  const element = make('div', { class: 'badge' }, text, login, retry, discard)
  return {
    element,
    update(state) {
      element.dataset.state = state.kind
      setText(text, savingText(state))
      login.hidden = state.kind !== 'signed_out'
      retry.hidden = !['retrying', 'signed_out', 'not_allowed'].includes(state.kind)
      discard.hidden = state.kind !== 'refused'
    },
  }
}

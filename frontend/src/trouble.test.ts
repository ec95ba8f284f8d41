// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { Refused, Unreachable } from './api/errors'
import { showTrouble } from './trouble'

const ENDED = new Refused(401, 'NotSignedIn', 'Your session has ended.')

test('when the login has ended, the way to log in in another tab is there, and is said once', () => {
  const element = document.createElement('p')
  showTrouble(element, ENDED)
  const link = element.querySelector('a')
  expect(element.textContent).toBe('Your session has ended. Log in in a new tab.')
  expect(link?.getAttribute('href')).toBe('/accounts/login/')
  showTrouble(element, ENDED)
  expect(element.querySelector('a')).toBe(link)
})

test('any other trouble is said in its own words, also after that one', () => {
  const element = document.createElement('p')
  showTrouble(element, ENDED)
  showTrouble(element, new Unreachable())
  expect(element.textContent).toContain('does not answer')
  expect(element.querySelector('a')).toBeNull()
  showTrouble(element, new Refused(400, 'Invalid', 'Not valid.'), 'Not valid. Gap: too large.')
  expect(element.textContent).toBe('Not valid. Gap: too large.')
})

import { expect, test } from 'vitest'
import type { Shortcut } from './keys'
import { choosable, conflict, withOwnKeys } from './ownKeys'

const run = (): void => {}
const USUAL: readonly Shortcut[] = [
  { name: 'slice-up', shown: '↑ ↓', does: 'next slice up, down', keys: ['ArrowUp'], run },
  { name: 'slice-down', shown: '', does: '', keys: ['ArrowDown'], run },
  { name: 'next-lesion', shown: 'N, P', does: 'next, previous lesion', keys: ['n'], run },
  { name: 'previous-lesion', shown: '', does: '', keys: ['p'], run },
  { shown: 'Ctrl + Z', does: 'undo', keys: ['z'], ctrl: true, run },
  { name: 'undo', shown: '', does: '', keys: [], run },
  { shown: '?', does: 'this legend', keys: ['?'], run },
]

test('own keys replace letters, stand beside arrows, and the legend shows them', () => {
  const own = withOwnKeys(USUAL, { 'slice-up': 'w', 'next-lesion': 'e', undo: 'q' })
  expect(own.map(({ keys }) => keys)).toEqual([
    ['ArrowUp', 'w'],
    ['ArrowDown'],
    ['e'],
    ['p'],
    ['z'],
    ['q'],
    ['?'],
  ])
  expect(own.filter(({ shown }) => shown).map(({ shown }) => shown)).toEqual([
    '↑, W, ↓',
    'E, P',
    'Ctrl + Z, Q',
    '?',
  ])
  expect(choosable(own).get('next-lesion')).toBe('E')
})

test('a key stands for one thing only; one that was given away is free', () => {
  expect(conflict(USUAL, {}, 'next-lesion', 'p')).toBe('previous lesion')
  expect(conflict(USUAL, {}, 'next-lesion', '?')).toBe('this legend')
  expect(conflict(USUAL, { 'previous-lesion': 'b' }, 'next-lesion', 'p')).toBe(null)
  expect(conflict(USUAL, {}, 'next-lesion', 'n')).toBe(null)
  expect(conflict(USUAL, {}, 'undo', 'z'), 'Ctrl + Z is another key').toBe(null)
})

test('stored keys that do not fit any more are passed over', () => {
  const own = withOwnKeys(USUAL, { 'next-lesion': 'p', gone: 'g' })
  expect(own[2]?.keys).toEqual(['n'])
  const swapped = withOwnKeys(USUAL, { 'next-lesion': 'p', 'previous-lesion': 'n' })
  expect(swapped.slice(2, 4).map(({ keys }) => keys)).toEqual([['p'], ['n']])
})

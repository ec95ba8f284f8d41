import { expect, test } from 'vitest'
import type { ToCorrect } from '../api/types'
import { faultsText, isMended } from './toDo'

const FALSE_POSITIVE: ToCorrect = { kind: 'FP', lesion: 2, mm: [1, 2, 3], showings: 2 }
const MISSED: ToCorrect = { kind: 'FN', lesion: null, mm: [4, 5, 6], showings: 1 }

test('a fault is mended by what is drawn at its place', () => {
  expect([isMended(FALSE_POSITIVE, true), isMended(FALSE_POSITIVE, false)]).toEqual([false, true])
  expect([isMended(MISSED, true), isMended(MISSED, false)]).toEqual([true, false])
})

test('faults are counted in words', () => {
  expect(faultsText([FALSE_POSITIVE, FALSE_POSITIVE, MISSED])).toBe('2 false positives, 1 missed')
  expect(faultsText([FALSE_POSITIVE])).toBe('1 false positive, 0 missed')
})

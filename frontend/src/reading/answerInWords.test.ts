import { expect, test } from 'vitest'
import type { GivenAnswer } from './answerForm'
import { answerInWords } from './answerInWords'

const RATED: GivenAnswer = {
  outcome: 'rated',
  verdict: 'acceptable',
  reason: '',
  typed: null,
  consistent: null,
}
const ANSWERED = {
  marks: { counts: { fp: 2, fn: 1 }, corrected: { fp: 2, fn: 3 } },
  presentation: { lesion_count: 12 },
}

test('marks that count as several lesions are said to', () => {
  expect(answerInWords(RATED, ANSWERED)).toEqual([
    '12 drawn lesions',
    '2 false positives',
    '1 missed lesion, which you count as 3 lesions',
    'Your verdict: acceptable',
  ])
})

test('typed counts stand for the marks, and what was asked is said', () => {
  const given = { ...RATED, typed: { fp: 0, fn: 4 }, consistent: false }
  expect(answerInWords(given, ANSWERED)).toEqual([
    '12 drawn lesions',
    '0 false positives (typed)',
    '4 missed lesions (typed)',
    'Your verdict: acceptable',
    'It follows from something else',
  ])
})

test('what cannot be rated has a reason and no counts', () => {
  const given: GivenAnswer = { ...RATED, outcome: 'unreadable', verdict: null, reason: 'motion' }
  expect(answerInWords(given, ANSWERED)).toEqual(['The scan is unreadable', 'Reason: motion'])
})

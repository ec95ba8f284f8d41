import { expect, test } from 'vitest'
import type { TrainingInList } from '../api/types'
import { duration, trainingText } from './words'

test('durations are in the unit that a person would say', () => {
  expect(duration(12)).toBe('under a minute')
  expect(duration(61)).toBe('1 minute')
  expect(duration(1800)).toBe('30 minutes')
  expect(duration(3 * 3600)).toBe('3.0 hours')
  expect(duration(4 * 86_400)).toBe('4.0 days')
})

test('a training says how it stands', () => {
  const training = { state: 'running', progress: 0.5, stage: 'Epoch 1 of 2' } as TrainingInList
  expect(trainingText(training)).toBe('50 %, Epoch 1 of 2')
  expect(trainingText({ ...training, state: 'failed', reason: 'No.' })).toBe('Failed: No.')
  expect(trainingText({ ...training, state: 'cancelled' })).toBe('Cancelled')
})

import { expect, test } from 'vitest'
import type { TrainingInList } from '../api/types'
import { trainingText } from './words'

test('a training says how it stands', () => {
  const training = { state: 'running', progress: 0.5, stage: 'Epoch 1 of 2' } as TrainingInList
  expect(trainingText(training)).toBe('50 %, Epoch 1 of 2')
  expect(trainingText({ ...training, state: 'failed', reason: 'No.' })).toBe('Failed: No.')
  expect(trainingText({ ...training, state: 'cancelled' })).toBe('Cancelled')
})

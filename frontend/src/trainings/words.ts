// How a training goes, in a few words.

import type { TrainingInList } from '../api/types'

type Standing = Pick<TrainingInList, 'state' | 'progress' | 'stage' | 'reason'>

/** This will say how a training stands. */
export function trainingText(training: Standing): string {
  switch (training.state) {
    case 'queued':
      return 'Waiting for a free worker'
    case 'running':
      return `${Math.round(100 * training.progress)} %${training.stage ? `, ${training.stage}` : ''}`
    case 'succeeded':
      return 'Done'
    case 'failed':
      return `Failed: ${training.reason || 'no reason was given'}`
    case 'cancelled':
      return 'Cancelled'
  }
}

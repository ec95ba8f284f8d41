// How a training goes, in a few words.

import type { TrainingInList } from '../api/types'

type Standing = Pick<TrainingInList, 'state' | 'progress' | 'stage' | 'reason'>

/** This will say how long something takes: "under a minute", "12 minutes", "3.5 hours". */
export function duration(seconds: number): string {
  if (seconds < 60) return 'under a minute'
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return minutes === 1 ? '1 minute' : `${minutes} minutes`
  const hours = seconds / 3600
  return hours < 48 ? `${hours.toFixed(1)} hours` : `${(hours / 24).toFixed(1)} days`
}

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

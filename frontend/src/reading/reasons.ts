// The reasons a rater may give for a mark. The words are stored as they are.

import type { MarkKind } from '../api/types'

export const REASONS: Readonly<Record<MarkKind, readonly string[]>> = {
  FP: ['DAWM', 'choroid plexus', 'cortex', 'vessel', 'artefact', 'other'],
  FN: ['periventricular', 'juxtacortical', 'infratentorial', 'deep white matter', 'other'],
}

// The bodies of the API that the viewer pages use.

import type { components } from './schema'

export type Point = [number, number, number]

export type ReadingState = 'ready' | 'waiting' | 'finished' | 'closed'

export interface Reading {
  reading: string
  title: string
  instructions: string
  dawm_instruction: string
  done: number
  total: number
  state: ReadingState
  available_at: string | null
  presentation: string | null
  opened: boolean
}

export interface ShownLesion {
  id: number
  centre_mm: Point
  voxel_mm: Point
}

export type MarkKind = 'FP' | 'FN'

export interface MarkBody {
  kind: MarkKind
  lesion: number | null
  mm: Point
  reason: string
}

export interface ShownMark extends Omit<MarkBody, 'reason'> {
  id: string
  reason: string | null
}

/** What may be fetched of the next presentation before its turn. */
export interface Following {
  presentation: string
  image: string
  mask: string
}

export interface Presentation extends Following {
  lesion_count: number
  lesions: ShownLesion[]
  window: { low: number; high: number } | null
  allow_typed_counts: boolean
  marks: ShownMark[]
  comment: string
  saved_at: string | null
  next: Following | null
}

export interface Saved {
  saved_at: string
}

export type Outcome = 'rated' | 'unreadable' | 'wrong_mask'
export type Verdict = 'acceptable' | 'unacceptable'

export interface Counts {
  fp: number
  fn: number
}

export interface Answer {
  outcome: Outcome
  reason: string
  verdict: Verdict | null
  comment: string
  counts: Counts
  typed: Counts | null
  active_ms: number
  slices_seen: number
}

export interface Scan {
  sequence: string
  volume: string
  original: string
  shape: number[]
  spacing_mm: number[]
}

export interface Lesion extends ShownLesion {
  voxels: number
  volume_mm3: number
}

export interface Segmentation {
  id: string
  origin: string
  title: string
  method: string | null
  created_at: string
  sha256: string
  lesions: number
  volume_ml: number
  empty: boolean
  labels: string
  download: string
  lesion_list: Lesion[]
}

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'

export interface Job {
  id: string
  case: string
  method: string
  state: JobState
  progress: number
  stage: string
  reason: string
  queued_at: string
  started_at: string | null
  finished_at: string | null
  segmentation: string | null
}

export type Description = Record<string, string | number | null>

export interface Case {
  code: string
  subject: string
  cohort: string
  description: Description
  scans: Scan[]
  segmentations: Segmentation[]
  jobs: Job[]
}

type Schemas = components['schemas']

export type ImportedCase = Schemas['ImportedCase']
export type Foreseen = Schemas['Foreseen']
export type Study = Schemas['Study']
export type Design = Schemas['Design']
export type Candidates = Schemas['Candidates']

/** What a design amounts to (`meaning` of a study). */
export interface Meaning {
  presentations_per_rater: number
  presentations: number
  hours_per_rater: { minutes_each: number; hours: number }[]
  tolerance: { lesions: number; false_positives: number | null; missed: number | null }[]
  items_tolerating_no_error: number
  expected_interval: { of: string; rate: number; low: number; high: number }[]
  warnings: string[]
}

/** A value of a statistics table; what the data leave undefined says why. */
export type Value = number | string | boolean | null | { undefined: string }
export type Line = Record<string, Value>

export interface Results {
  primary_analysis: string
  boundary_policy: string
  notes: string[]
  presentations: Line[]
  acceptance: Line[]
  masks: Line[]
  intra_rater: Line[]
  inter_rater: Line[]
  counts: Line[]
  verdicts: Line[]
  missing: Line[]
}

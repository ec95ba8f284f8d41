// The bodies of the API that the viewer pages use.

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

export interface Presentation {
  presentation: string
  image: string
  mask: string
  lesion_count: number
  lesions: ShownLesion[]
  window: { low: number; high: number } | null
  allow_typed_counts: boolean
  marks: ShownMark[]
  comment: string
  saved_at: string | null
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

export interface Case {
  code: string
  subject: string
  cohort: string
  scans: Scan[]
  segmentations: Segmentation[]
  jobs: Job[]
}

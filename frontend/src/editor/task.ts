// What a drawing is drawn for: the editor asks its task for whatever differs from page to page.

import type { Scan, StoredEdit } from '../api/types'
import type { Words } from '../reading/confirm'
import type { Outbox, SavingState, SentEdit } from '../saving/outbox'
import type { OutboxStore } from '../saving/outboxStore'
import type { Dot } from '../viewer/dots'
import type { Shortcut } from '../viewer/keys'
import type { Grid, Triple } from '../voxels/grid'
import type { LabelVolume } from '../voxels/labels'
import type { Drawn } from './drawn'
import type { EndKey } from './keys'

/** What is known before anything is asked for. */
export interface Page {
  /** Whose drawing it is, and under which name the browser keeps what is unsent of it. */
  readonly owner: string
  readonly key: string
  readonly login: string
  /** Where to go when it cannot be opened. */
  readonly home: string
}

export interface EditorTask {
  readonly heading: string
  readonly what: string
  /** Where Leave leads. */
  readonly home: string
  readonly scans: readonly EditedScan[]
  /** The address of the labels that it begins from; null begins from empty. */
  readonly start: string | null
  /** The address of the map of the method that made them. */
  readonly probability: string | null
  readonly edits: readonly StoredEdit[]
  readonly editKind: SentEdit['kind']
  readonly activeMs: number
  readonly savedAt: string | null
  /** Smaller lesions do not count. */
  readonly minMm3: number
  /** What stands over the panel, in view however far that is scrolled. */
  readonly notice: HTMLElement
  /** What stands above the tools, and below them. */
  readonly above: readonly HTMLElement[]
  readonly below: readonly HTMLElement[]
  /** Its own keys; they go before the editor's. */
  readonly shortcuts: readonly Shortcut[]
  readonly ending: Ending
  /** What browser tests may know of it. */
  readonly summary: object
  /** The drawing is on the screen. */
  begin(desk: Desk, grid: Grid): void
  /** The dots to show over the scan; asked after every change. */
  dots(): readonly Dot[]
  noteSaving(state: SavingState): void
}

export interface EditedScan extends Pick<Scan, 'volume' | 'shape' | 'spacing_mm'> {
  readonly sequence: string
}

/** How the drawing ends: as a mask of its case, or submitted. */
export interface Ending {
  readonly button: string
  readonly key: EndKey
  readonly question: string
  readonly words: Words
  /** Whether it may end now; otherwise the task has said why not. */
  isDue(): Promise<boolean>
  /** What is said beside what is drawn, before it ends. */
  lines(): readonly string[]
  /** This will end it and return what comes then. */
  run(seen: Seen): Promise<() => void>
}

/** What the page shows, for the server to compare. */
export interface Seen {
  readonly edits: number
  readonly voxels: number
  readonly digest: number
  readonly active_ms: number
}

/** Another's mask that is looked at. */
export interface Other {
  readonly title: string
  readonly labels: LabelVolume
}

/** What the editor offers its task. */
export interface Desk {
  readonly drawn: Drawn
  readonly outbox: Outbox
  readonly store: OutboxStore
  /** This will choose a lesion and go there. */
  goTo(lesion: number): void
  goToPlace(mm: Triple): void
  isDrawnAt(mm: Triple): boolean
  say(text: string): void
  refresh(): void
  showOther(other: Other | null): void
  leaveTo(address: string): void
  reload(): void
}

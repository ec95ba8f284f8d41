// One presentation while it is being read: its marks, what is unsent, how long, which slices.

import type { Answer, Presentation } from '../api/types'
import { newUuid } from '../elements'
import { ActivityClock } from '../saving/activity'
import { Outbox, type SavingState, type Send } from '../saving/outbox'
import type { OutboxStore } from '../saving/outboxStore'
import type { Triple } from '../voxels/grid'
import { Coverage } from '../voxels/slices'
import type { GivenAnswer } from './answerForm'
import { type Mark, Marks, mergeUnsent } from './marks'
import { REASONS } from './reasons'
import { LesionTour } from './tour'

export interface SittingSettings {
  readonly store: OutboxStore
  readonly owner: string
  readonly deliver: (presentation: string, send: Send) => Promise<Date>
  readonly onSaving: (state: SavingState) => void
  readonly slices: number
}

const COMMENT_PAUSE_MS = 700
const KEEP_ATTENTION_MS = 5000

export class Sitting {
  readonly tour: LesionTour
  private takenUp = ''
  private commentTimer: ReturnType<typeof setTimeout> | undefined
  private readonly keepTimer: ReturnType<typeof setInterval>

  private constructor(
    readonly presentation: Presentation,
    readonly marks: Marks,
    readonly outbox: Outbox,
    readonly clock: ActivityClock,
    readonly coverage: Coverage,
    private comment: string,
    private readonly settings: SittingSettings,
  ) {
    this.tour = new LesionTour(presentation.lesions)
    this.keepTimer = setInterval(() => this.keepAttention(), KEEP_ATTENTION_MS)
  }

  /** This will put the stored marks and those that an earlier page could not send together. */
  static async begin(presentation: Presentation, settings: SittingSettings): Promise<Sitting> {
    const { store, owner } = settings
    const token = presentation.presentation
    const outbox = new Outbox({
      store,
      owner,
      presentation: token,
      deliver: (send) => settings.deliver(token, send),
      onChange: settings.onSaving,
      savedAt: presentation.saved_at ? new Date(presentation.saved_at) : null,
    })
    const unsent = await outbox.resume()
    const attention = await store.attention(owner, token)
    const comments = unsent.flatMap((send) => (send.kind === 'comment' ? [send.comment] : []))
    return new Sitting(
      presentation,
      new Marks(mergeUnsent(presentation.marks, unsent), newUuid),
      outbox,
      new ActivityClock(() => performance.now(), attention?.activeMs),
      new Coverage(settings.slices, attention?.slices),
      comments.at(-1) ?? presentation.comment,
      settings,
    )
  }

  /** A click: on a lesion it marks or unmarks it, elsewhere it marks a missed lesion. */
  toggle(lesion: number, mm: Triple): void {
    const known = lesion > 0 ? this.marks.ofLesion(lesion) : undefined
    this.send(known ? this.marks.remove(known.key) : this.marks.add(lesion, mm))
    this.takenUp = ''
  }

  remove(key: string): void {
    this.send(this.marks.remove(key))
  }

  giveReason(key: string, reason: string): void {
    this.send(this.marks.giveReason(key, reason))
  }

  /** The mark that a reason by key is given to: the one gone to, otherwise the newest. */
  get current(): Mark | undefined {
    const { all } = this.marks
    return all.find((mark) => mark.key === this.takenUp) ?? all.at(-1)
  }

  takeUp(key: string): void {
    this.takenUp = key
  }

  /** This will give the current mark the reason of this number, from 1; again takes it back. */
  giveReasonByNumber(number: number): void {
    const { current } = this
    const reason = current && REASONS[current.kind][number - 1]
    if (!reason) return
    this.takenUp = current.key
    this.giveReason(current.key, current.reason === reason ? '' : reason)
  }

  undo(): void {
    this.send(this.marks.undo())
  }

  redo(): void {
    this.send(this.marks.redo())
  }

  get writtenComment(): string {
    return this.comment
  }

  /** This will store the comment as soon as the typing pauses. */
  writeComment(text: string): void {
    this.comment = text
    this.outbox.noteEditing()
    clearTimeout(this.commentTimer)
    this.commentTimer = setTimeout(() => this.finishComment(), COMMENT_PAUSE_MS)
  }

  /** This will store what was typed without waiting for a pause. */
  finishComment(): void {
    if (this.commentTimer === undefined) return
    clearTimeout(this.commentTimer)
    this.commentTimer = undefined
    this.outbox.add({ kind: 'comment', comment: this.comment })
  }

  answer(given: GivenAnswer): Answer {
    return {
      ...given,
      comment: this.comment,
      counts: this.marks.counts,
      active_ms: this.clock.activeMs,
      slices_seen: this.coverage.count,
    }
  }

  keepAttention(): void {
    const attention = { activeMs: this.clock.activeMs, slices: this.coverage.list }
    void this.settings.store.keepAttention(this.settings.owner, this.token, attention)
  }

  /** This will let go of the presentation; what is unsent stays in the browser. */
  end(isSubmitted: boolean): void {
    this.finishComment()
    clearInterval(this.keepTimer)
    this.outbox.stop()
    if (isSubmitted) void this.settings.store.keepAttention(this.settings.owner, this.token, null)
  }

  private get token(): string {
    return this.presentation.presentation
  }

  private send(sends: readonly Send[]): void {
    for (const send of sends) this.outbox.add(send)
  }
}

// One presentation while it is being read: its marks, what is unsent, how long, which slices.

import type { Answer, Presentation } from '../api/types'
import { newUuid } from '../elements'
import type { Triple } from '../voxels/grid'
import { Coverage } from '../voxels/slices'
import { ActivityClock } from './activity'
import type { GivenAnswer } from './answerForm'
import { holdSending } from './leftovers'
import { type Mark, Marks, mergeUnsent } from './marks'
import { Outbox, type SavingState, type Send } from './outbox'
import type { OutboxStore } from './outboxStore'
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
    private readonly letGo: () => void,
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
    const letGo = await holdSending(token, { steal: true })
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
      () => letGo?.(),
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

  countAs(key: string, lesions: number): void {
    this.send(this.marks.countAs(key, lesions))
  }

  /** This will make a mark one lesion with another; without one, a lesion of its own again. */
  join(key: string, other: string | undefined): void {
    this.send(other ? this.marks.join(key, other) : this.marks.part(key))
  }

  /** This will count the current mark as so many lesions more. */
  countCurrent(more: 1 | -1): void {
    const { current } = this
    if (!current) return
    this.takenUp = current.key
    this.countAs(current.key, current.countsAs + more)
  }

  /** This will make the current mark one lesion with the one before it; again takes that back. */
  joinCurrent(): void {
    const { current } = this
    if (!current) return
    this.takenUp = current.key
    this.join(current.key, current.joined ? undefined : this.marks.before(current)?.key)
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
      corrected: this.marks.corrected,
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
    this.letGo()
    if (isSubmitted) void this.settings.store.keepAttention(this.settings.owner, this.token, null)
  }

  private get token(): string {
    return this.presentation.presentation
  }

  private send(sends: readonly Send[]): void {
    for (const send of sends) this.outbox.add(send)
  }
}

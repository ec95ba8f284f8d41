// One presentation while it is being read: its marks, what is unsent, how long, which slices.

import type { Answer, Presentation, ShownView } from '../api/types'
import { newUuid } from '../elements'
import { ActivityClock } from '../saving/activity'
import { holdSending } from '../saving/leftovers'
import { Outbox, type SavingState, type Send } from '../saving/outbox'
import type { KeptAnswer, OutboxStore } from '../saving/outboxStore'
import type { Triple } from '../voxels/grid'
import { Coverage } from '../voxels/slices'
import type { Window } from '../voxels/window'
import type { GivenAnswer } from './answerForm'
import { type Mark, Marks, mergeUnsent } from './marks'
import { REASONS } from './reasons'
import { LesionTour } from './tour'

export interface SittingSettings {
  readonly store: OutboxStore
  readonly owner: string
  readonly deliver: (presentation: string, send: Send) => Promise<Date>
  readonly onSaving: (state: SavingState) => void
  readonly saveView: (presentation: string, view: ShownView) => Promise<unknown>
  readonly slices: number
  /** Asks what is stored of a presentation that was opened before; null for one opened just now. */
  readonly askAgain: (() => Promise<Presentation>) | null
}

/** What the viewer shows of where the rater stands. */
export interface Standing {
  readonly mm: Triple
  readonly window: Window
}

const COMMENT_PAUSE_MS = 700
const KEEP_ATTENTION_MS = 5000
/** The server is told every third time: other machines may be a little behind. */
const TELL_EVERY = 3

export class Sitting {
  readonly tour: LesionTour
  private standing: Standing | null = null
  private seen: { readonly slice: number; readonly activeMs: number } | null = null
  private sentView = ''
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
    /** Where the rater stood when it was left; null the first time. */
    readonly resumed: ShownView | null,
    /** What was chosen before the page was left, and not submitted. */
    readonly chosen: KeptAnswer | null,
    private readonly settings: SittingSettings,
  ) {
    this.tour = new LesionTour(presentation.lesions, resumed?.toured, resumed?.lesion)
    let kept = 0
    this.keepTimer = setInterval(() => {
      kept += 1
      this.keepAttention(kept % TELL_EVERY === 0)
    }, KEEP_ATTENTION_MS)
  }

  /** This will put the stored marks and those that an earlier page could not send together. */
  static async begin(opened: Presentation, settings: SittingSettings): Promise<Sitting> {
    const { store, owner } = settings
    const token = opened.presentation
    const outbox = new Outbox({
      store,
      owner,
      presentation: token,
      deliver: (send) => settings.deliver(token, send),
      onChange: settings.onSaving,
      savedAt: opened.saved_at ? new Date(opened.saved_at) : null,
    })
    const letGo = await holdSending(token, { steal: true })
    const unsent = await outbox.resume()
    // Asked after that: what another page has sent meanwhile is in neither otherwise.
    const presentation = (await settings.askAgain?.()) ?? opened
    const view = latest(presentation.view, await store.attention(owner, token))
    const comments = unsent.flatMap((send) => (send.kind === 'comment' ? [send.comment] : []))
    return new Sitting(
      presentation,
      new Marks(mergeUnsent(presentation.marks, unsent), newUuid),
      outbox,
      new ActivityClock(() => performance.now(), view?.active_ms),
      new Coverage(settings.slices, view?.slice_ms),
      comments.at(-1) ?? presentation.comment,
      () => letGo?.(),
      view,
      await store.answer(owner, token),
      settings,
    )
  }

  /** A click: on a lesion it marks or unmarks it, elsewhere it marks a missed lesion. */
  toggle(lesion: number, mm: Triple): void {
    const known = lesion > 0 ? this.marks.ofLesion(lesion) : undefined
    this.tour.note(lesion)
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
    this.lookOn()
    return {
      ...given,
      comment: this.comment,
      counts: this.marks.counts,
      corrected: this.marks.corrected,
      active_ms: this.clock.activeMs,
      slices_seen: this.coverage.count,
      slice_ms: [...this.coverage.list],
    }
  }

  /** Whether the viewer has shown it yet. */
  get isShown(): boolean {
    return this.standing !== null
  }

  /** The viewer shows this slice, so; the time since the last call belongs to the slice then. */
  look(slice: number, standing: Standing): void {
    const { activeMs } = this.clock
    if (this.seen) this.coverage.see(this.seen.slice, activeMs - this.seen.activeMs)
    this.coverage.see(slice)
    this.seen = { slice, activeMs }
    this.standing = standing
  }

  /** This will keep where the rater stands here, and on the server for every other machine. */
  keepAttention(tellsServer = true): void {
    const { standing } = this
    if (!standing) return
    this.lookOn()
    const view: ShownView = {
      mm: [...standing.mm],
      window: standing.window,
      lesion: this.tour.lesion,
      toured: [...this.tour.toured],
      active_ms: this.clock.activeMs,
      slice_ms: [...this.coverage.list],
    }
    void this.settings.store.keepAttention(this.settings.owner, this.token, view)
    const written = JSON.stringify(view)
    if (!tellsServer || written === this.sentView || this.outbox.state.kind !== 'saved') return
    this.sentView = written
    this.settings.saveView(this.token, view).catch(() => {
      this.sentView = '' // the browser has it; the server gets the next one
    })
  }

  /** This will keep in this browser what is chosen and not submitted. */
  keepAnswer(given: GivenAnswer | null): void {
    void this.settings.store.keepAnswer(this.settings.owner, this.token, given)
  }

  /** This will let go of the presentation; what is unsent stays in the browser. */
  end(isSubmitted: boolean): void {
    this.finishComment()
    if (!isSubmitted) this.keepAttention()
    clearInterval(this.keepTimer)
    this.outbox.stop()
    this.letGo()
    if (isSubmitted) this.keepAnswer(null)
    if (isSubmitted) void this.settings.store.keepAttention(this.settings.owner, this.token, null)
  }

  private lookOn(): void {
    if (this.seen && this.standing) this.look(this.seen.slice, this.standing)
  }

  private get token(): string {
    return this.presentation.presentation
  }

  private send(sends: readonly Send[]): void {
    for (const send of sends) this.outbox.add(send)
  }
}

/** The later of two: more of it was read. */
function latest(one: ShownView | null, other: ShownView | null): ShownView | null {
  return (other?.active_ms ?? -1) > (one?.active_ms ?? -1) ? other : one
}

// Saves a draft while it is changed, and goes on trying while the server does not answer.
// Each change names the revisions it may follow: the server refuses it where somebody else went on.

import { Refused } from '../api/errors'
import { make, newUuid, setText } from '../elements'

const AFTER_MS = 500
const AGAIN_AFTER_MS = 5000
const RARELY_MS = 60_000
const PATIENCE_MS = 30_000
const MOST_UNANSWERED = 999

export const STILL_UNSAVED =
  'What was changed last is not saved yet. Nothing was opened; look at the draft first.'
const NOT_SHOWN = 'What the server made of them cannot be shown on this page; reload it.'
const GONE =
  'This draft was deleted, or is not shown to you any more. Nothing was saved; copy what you wrote.'

export interface Change {
  readonly revision: string
  readonly follows: string[]
}

export interface DraftActions<Answer> {
  /** Sends the draft as it is, until the signal ends that. */
  readonly send: (change: Change, signal: AbortSignal) => Promise<Answer>
  /** Shows an answer, unless something was changed meanwhile. */
  readonly show: (answer: Answer) => void
  /** Says what is wrong, beside the fields, too. */
  readonly explain: (error: unknown) => void
}

export class DraftSaving<Answer> {
  private readonly state = make('p', { class: 'hint', role: 'status' }, 'All changes are saved.')
  readonly trouble = make('p', { class: 'trouble', role: 'alert' })
  /** In sight wherever the page is scrolled to while something could not be saved. */
  readonly element = make('div', { class: 'draft-state' }, this.state, this.trouble)
  private readonly ended = new AbortController()
  private timer: ReturnType<typeof setTimeout> | undefined
  private running: Promise<void> = Promise.resolve()
  private following: Promise<void> | undefined
  private tries = 0
  private mayPass = false
  /** The draft as it stands on this page; every change makes a new name up. */
  private wanted: string
  /** What was sent since `seen` and has no answer: it may have arrived. */
  private unanswered = new Set<string>()

  constructor(
    private seen: string,
    private readonly actions: DraftActions<Answer>,
  ) {
    this.wanted = seen
    const { signal } = this.ended
    const leave = (event: Event): void => {
      if (!this.isUnsaved) return
      event.preventDefault()
      this.tryNow()
    }
    window.addEventListener('beforeunload', leave, { signal })
    const back = (): void => {
      if (this.mayPass) this.tryNow()
    }
    for (const name of ['online', 'focus']) window.addEventListener(name, back, { signal })
  }

  get isUnsaved(): boolean {
    return this.seen !== this.wanted
  }

  /** Of the draft that this page has seen, its own changes included as far as they are saved. */
  get revision(): string {
    return this.seen
  }

  /** Of the draft as the server has it, unless somebody else changed it. */
  get possibleRevisions(): string[] {
    return [this.seen, ...[...this.unanswered].slice(-MOST_UNANSWERED)]
  }

  /** This will save what was changed a moment after the last change. */
  soon(): void {
    if (this.ended.signal.aborted) {
      setText(this.state, GONE)
      return
    }
    this.wanted = newUuid()
    this.tries = 0
    setText(this.state, 'Saving…')
    this.after(AFTER_MS)
  }

  /** This will save now what is not saved; it raises what keeps it from that, which is said, too. */
  now(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    this.following ??= this.running.then(() => {
      this.following = undefined
      return this.send()
    })
    this.running = this.following.catch(() => undefined)
    return this.following
  }

  /** This will save nothing more: the draft is none any more. */
  end(): void {
    clearTimeout(this.timer)
    this.ended.abort()
    this.mayPass = false
  }

  private async send(): Promise<void> {
    if (!this.isUnsaved) return
    const revision = this.wanted
    const follows = this.possibleRevisions
    this.unanswered.add(revision)
    const patience = new AbortController()
    const longer = 2 ** Math.min(this.tries, 3) // it may answer, and only be slow
    const timer = setTimeout(() => patience.abort(), PATIENCE_MS * longer)
    let answer: Answer
    try {
      answer = await this.actions.send({ revision, follows }, patience.signal)
    } catch (error) {
      this.say(error)
      throw error
    } finally {
      clearTimeout(timer)
    }
    this.seen = revision // not the answer's: that may have what somebody else did since
    this.unanswered.clear()
    this.mayPass = false
    setText(this.trouble, '')
    this.element.removeAttribute('data-unsaved')
    if (this.isUnsaved) return
    clearTimeout(this.timer)
    setText(this.state, 'All changes are saved.')
    try {
      this.actions.show(answer)
    } catch {
      setText(this.trouble, NOT_SHOWN)
    }
  }

  private after(milliseconds: number): void {
    clearTimeout(this.timer)
    if (!this.ended.signal.aborted) this.timer = setTimeout(() => this.tryNow(), milliseconds)
  }

  private tryNow(): void {
    this.now().catch(() => undefined) // what went wrong is said on the page
  }

  private say(error: unknown): void {
    const refused = error instanceof Refused ? error : undefined
    const isRetried = refused?.isPassing ?? true
    this.mayPass =
      isRetried || Boolean(refused?.isSignedOut || refused?.isOutdated || refused?.isSomebodyElse)
    setText(
      this.state,
      isRetried ? 'Not saved yet; this page tries again. Leave it open.' : 'Not saved.',
    )
    this.element.setAttribute('data-unsaved', '')
    this.actions.explain(refused?.status === 404 ? new Error(GONE) : error)
    if (!isRetried || this.timer !== undefined) return
    this.after(Math.min(RARELY_MS, AGAIN_AFTER_MS * 2 ** this.tries))
    this.tries += 1
  }
}

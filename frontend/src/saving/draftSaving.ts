// Saves a draft while it is changed, and goes on trying while the server does not answer.

import { Refused } from '../api/errors'
import { make, setText } from '../elements'

const AFTER_MS = 500
const AGAIN_AFTER_MS = 5000
const RARELY_MS = 60_000

export const STILL_UNSAVED =
  'What was changed last is not saved yet. Nothing was opened; look at the draft first.'

export interface DraftActions<Answer> {
  /** Sends the draft as it is. */
  readonly send: () => Promise<Answer>
  /** Reads what the server has. */
  readonly read: () => Promise<Answer>
  /** What of an answer is the draft, to tell whether somebody else has changed it. */
  readonly draftIn: (answer: Answer) => unknown
  /** Shows an answer, unless something was changed meanwhile. */
  readonly show: (answer: Answer) => void
  /** Says what is wrong, beside the fields, too. */
  readonly explain: (error: unknown) => void
}

class ChangedElsewhere extends Error {
  override name = 'ChangedElsewhere'

  constructor() {
    super(
      'This draft was changed in another tab or by somebody else meanwhile, or the answer to your last change was lost; so yours was not sent again by itself. Copy what you wrote, and reload the page; the next change that you make here is saved over what is there.',
    )
  }
}

export class DraftSaving<Answer> {
  private readonly state = make('p', { class: 'hint', role: 'status' }, 'All changes are saved.')
  readonly trouble = make('p', { class: 'trouble', role: 'alert' })
  /** In sight wherever the page is scrolled to while something could not be saved. */
  readonly element = make('div', { class: 'draft-state' }, this.state, this.trouble)
  private readonly ended = new AbortController()
  private timer: ReturnType<typeof setTimeout> | undefined
  private queue: Promise<void> = Promise.resolve()
  private changes = 0
  private saved = 0
  private tries = 0
  /** Since the last change: what is sent then is sent again. */
  private hasFailed = false
  private mayPass = false
  /** The draft as the server had it when this page last heard of it. */
  private known: string

  constructor(
    first: Answer,
    private readonly actions: DraftActions<Answer>,
  ) {
    this.known = this.draftIn(first)
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
    return this.saved < this.changes
  }

  /** This will save what was changed a moment after the last change. */
  soon(): void {
    this.changes += 1
    this.tries = 0
    this.hasFailed = false
    setText(this.state, 'Saving…')
    this.after(AFTER_MS)
  }

  /** This will save now; it raises what keeps the draft from being saved, which is said, too. */
  now(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    const number = this.changes
    const sent = this.queue.then(async () => {
      const answer = await this.told()
      this.known = this.draftIn(answer)
      this.saved = Math.max(this.saved, number)
      this.hasFailed = false
      this.mayPass = false
      setText(this.trouble, '')
      this.element.removeAttribute('data-unsaved')
      if (this.isUnsaved) return
      setText(this.state, 'All changes are saved.')
      this.actions.show(answer)
    })
    this.queue = sent.catch(() => undefined)
    return sent
  }

  /** This will save nothing more: the draft is none any more. */
  end(): void {
    clearTimeout(this.timer)
    this.ended.abort()
    this.mayPass = false
  }

  private async told(): Promise<Answer> {
    try {
      return await this.send()
    } catch (error) {
      this.say(error)
      throw error
    }
  }

  /** This will send the draft; once more only where nobody else went on meanwhile. */
  private async send(): Promise<Answer> {
    if (this.hasFailed && this.draftIn(await this.actions.read()) !== this.known)
      throw new ChangedElsewhere()
    return this.actions.send()
  }

  private after(milliseconds: number): void {
    clearTimeout(this.timer)
    if (!this.ended.signal.aborted) this.timer = setTimeout(() => this.tryNow(), milliseconds)
  }

  private tryNow(): void {
    this.now().catch(() => undefined) // what went wrong is said on the page
  }

  private draftIn(answer: Answer): string {
    return JSON.stringify(this.actions.draftIn(answer))
  }

  private say(error: unknown): void {
    const isElsewhere = error instanceof ChangedElsewhere
    const isRetried = error instanceof Refused ? error.isPassing : !isElsewhere
    const isOutdated = error instanceof Refused && (error.isSignedOut || error.isOutdated)
    this.hasFailed = true
    this.mayPass = isRetried || isOutdated
    setText(
      this.state,
      isRetried ? 'Not saved yet; this page tries again. Leave it open.' : 'Not saved.',
    )
    this.element.setAttribute('data-unsaved', '')
    this.actions.explain(error)
    if (!isRetried || this.timer !== undefined) return
    this.after(Math.min(RARELY_MS, AGAIN_AFTER_MS * 2 ** this.tries))
    this.tries += 1
  }
}

// Saves a draft while it is changed, and goes on trying while the server does not answer.

import { Refused } from '../api/errors'
import { make, setText } from '../elements'

const AFTER_MS = 500
const AGAIN_AFTER_MS = 5000

export interface DraftActions {
  /** Sends the draft as it is; `isLast` says whether nothing was changed meanwhile. */
  readonly send: (isLast: () => boolean) => Promise<void>
  /** Says beside the fields what is wrong. */
  readonly explain: (error: unknown) => void
}

export class DraftSaving {
  private readonly state = make('p', { class: 'hint', role: 'status' }, 'All changes are saved.')
  readonly trouble = make('p', { class: 'trouble', role: 'alert' })
  /** In sight wherever the page is scrolled to while something could not be saved. */
  readonly element = make('div', { class: 'draft-state' }, this.state, this.trouble)
  private timer: ReturnType<typeof setTimeout> | undefined
  private queue: Promise<void> = Promise.resolve()
  private changes = 0
  private saved = 0
  private mayPass = false

  constructor(private readonly actions: DraftActions) {
    window.addEventListener('beforeunload', (event) => {
      if (this.saved === this.changes) return
      event.preventDefault()
      this.tryNow()
    })
    for (const back of ['online', 'focus']) {
      window.addEventListener(back, () => {
        if (this.mayPass) this.tryNow()
      })
    }
  }

  /** This will save what was changed a moment after the last change. */
  soon(): void {
    this.changes += 1
    setText(this.state, 'Saving…')
    this.tryAfter(AFTER_MS)
  }

  /** This will save now; it raises what keeps the draft from being saved, which is said, too. */
  now(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    const number = this.changes
    const send = async (): Promise<void> => {
      try {
        await this.actions.send(() => number === this.changes)
      } catch (error) {
        this.say(error)
        throw error
      }
      this.saved = Math.max(this.saved, number)
      this.mayPass = false
      setText(this.trouble, '')
      this.element.removeAttribute('data-unsaved')
      if (this.saved === this.changes) setText(this.state, 'All changes are saved.')
    }
    const sent = this.queue.then(send)
    this.queue = sent.catch(() => undefined)
    return sent
  }

  private tryAfter(milliseconds: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.tryNow(), milliseconds)
  }

  private tryNow(): void {
    this.now().catch(() => undefined) // what went wrong is said on the page
  }

  private say(error: unknown): void {
    const isRefused = error instanceof Refused
    this.mayPass = !isRefused || error.status !== 400
    const isRetried = !isRefused || error.isPassing
    setText(
      this.state,
      isRetried ? 'Not saved yet; this page tries again. Leave it open.' : 'Not saved.',
    )
    this.element.setAttribute('data-unsaved', '')
    this.actions.explain(error)
    if (isRetried && this.timer === undefined) this.tryAfter(AGAIN_AFTER_MS)
  }
}

// Everything that somebody does is written into the browser's database first and then sent, in order and
// repeated until the server has acknowledged it. Nothing is called saved before that.

import { explanation, Refused } from '../api/errors'
import type { DecisionBody, EditBody, MarkBody } from '../api/types'
import type { OutboxStore, Pending } from './outboxStore'

export type Send =
  | { readonly kind: 'mark'; readonly id: string; readonly body: MarkBody }
  | { readonly kind: 'removal'; readonly id: string }
  | { readonly kind: 'comment'; readonly comment: string }
  | SentEdit
  | {
      readonly kind: 'decision'
      readonly id: string
      readonly dot: string
      readonly body: DecisionBody
    }

/** An edit of a drawing, or of a delineation, which has its own address. */
export interface SentEdit {
  readonly kind: 'edit' | 'delineation_edit'
  readonly id: string
  readonly body: EditBody
}

export function isEdit(send: Send): send is SentEdit {
  return send.kind === 'edit' || send.kind === 'delineation_edit'
}

export type SavingState =
  | { readonly kind: 'saved'; readonly at: Date | null }
  | { readonly kind: 'saving'; readonly unsent: number }
  | { readonly kind: 'retrying'; readonly unsent: number; readonly isKept: boolean }
  | { readonly kind: 'signed_out'; readonly unsent: number; readonly isKept: boolean }
  | { readonly kind: 'somebody_else'; readonly unsent: number; readonly isKept: boolean }
  | { readonly kind: 'not_allowed'; readonly unsent: number; readonly message: string }
  | {
      readonly kind: 'refused'
      readonly unsent: number
      readonly code: string
      readonly message: string
    }

type Trouble =
  | { kind: 'retrying' | 'signed_out' | 'somebody_else' }
  | { kind: 'not_allowed'; message: string }
  | { kind: 'refused'; code: string; message: string }

export interface OutboxSettings {
  readonly store: OutboxStore
  /** Whose changes these are: another login in this browser has another owner. */
  readonly owner: string
  /** What is changed: a presentation, a drawing or a delineation. */
  readonly presentation: string
  /** Sends one change and returns when the server stored it. */
  readonly deliver: (send: Send) => Promise<Date>
  readonly onChange: (state: SavingState) => void
  readonly savedAt: Date | null
  readonly delay?: (milliseconds: number, then: () => void) => () => void
}

const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 20_000

export class Outbox {
  private queue: Pending[] = []
  private beingKept = 0
  private isSending = false
  private isEditing = false
  private isStopped = false
  private trouble: Trouble | null = null
  private failures = 0
  private savedAt: Date | null
  private keeping: Promise<void> = Promise.resolve()
  private cancelRetry: () => void = () => {}

  constructor(private readonly settings: OutboxSettings) {
    this.savedAt = settings.savedAt
  }

  /** This will return what an earlier page could not send, and begin to send it. */
  async resume(): Promise<readonly Send[]> {
    this.queue = await this.settings.store.pending(this.settings.owner, this.settings.presentation)
    void this.send()
    this.tell()
    return this.queue.map((pending) => pending.send)
  }

  /** This will keep a change in the browser and then send it. */
  add(send: Send): void {
    this.isEditing = send.kind === 'comment' ? false : this.isEditing
    this.beingKept += 1
    this.tell()
    this.keeping = this.keeping.then(async () => {
      const { store, owner, presentation } = this.settings
      const pending = await store.keep(owner, presentation, send)
      this.beingKept -= 1
      await this.dropOlderComments(send)
      this.queue.push(pending)
      void this.send()
    })
  }

  /** This will end when all that was added so far is kept in the browser. */
  kept(): Promise<void> {
    return this.keeping
  }

  /** This will say that text is being typed which is not in the outbox yet. */
  noteEditing(): void {
    this.isEditing = true
    this.tell()
  }

  /** This will try again now: the network is back, the tab is shown, the user asks. */
  retry(): void {
    if (this.trouble?.kind === 'refused') return
    this.cancelRetry()
    this.trouble = null
    void this.send()
    this.tell()
  }

  /** This will give up the change that the server refuses for good. */
  async discardRefused(): Promise<void> {
    const refused = this.queue.shift()
    if (refused) await this.settings.store.forget(refused)
    this.trouble = null
    this.tell()
    void this.send()
  }

  /** This will send nothing any more and hand over what is unsent; it stays kept until forgotten. */
  async handOver(): Promise<readonly Pending[]> {
    this.stop()
    await this.keeping
    return this.queue
  }

  /** This will send nothing any more; what is kept stays kept. */
  stop(): void {
    this.isStopped = true
    this.cancelRetry()
  }

  get unsent(): number {
    return this.queue.length + this.beingKept + (this.isEditing ? 1 : 0)
  }

  get isEmpty(): boolean {
    return this.unsent === 0
  }

  get state(): SavingState {
    const { unsent, trouble } = this
    if (unsent === 0) return { kind: 'saved', at: this.savedAt }
    if (!trouble) return { kind: 'saving', unsent }
    if ('message' in trouble) return { ...trouble, unsent }
    const isKept = this.beingKept === 0 && this.queue.every((pending) => pending.isKept)
    return { kind: trouble.kind, unsent, isKept }
  }

  private async send(): Promise<void> {
    if (this.isSending || this.isStopped || this.trouble) return
    this.isSending = true
    try {
      for (let next = this.queue[0]; next && !this.isStopped; next = this.queue[0]) {
        this.savedAt = await this.settings.deliver(next.send)
        this.failures = 0
        this.trouble = null
        await this.settings.store.forget(next)
        this.queue.shift()
        this.tell()
      }
    } catch (error) {
      this.fail(error)
    } finally {
      this.isSending = false
      this.tell()
    }
  }

  private fail(error: unknown): void {
    if (error instanceof Refused && !error.isPassing) {
      if (error.isSomebodyElse) {
        this.trouble = { kind: 'somebody_else' } // until the page is told to try again
        return
      }
      if (error.isSignedOut) this.trouble = { kind: 'signed_out' }
      else {
        // 403 and 404 depend on who is logged in, so the change is worth keeping.
        const depends = error.status === 403 || error.status === 404
        const message = explanation(error)
        this.trouble = depends
          ? { kind: 'not_allowed', message }
          : { kind: 'refused', code: error.code, message }
        if (!depends) return
      }
    } else this.trouble = { kind: 'retrying' }
    const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failures)
    this.failures += 1
    this.cancelRetry()
    this.cancelRetry = (this.settings.delay ?? delay)(wait, () => this.tryAgain())
  }

  /** The trouble stays on the page until a change has arrived, so that the badge does not flicker. */
  private tryAgain(): void {
    const before = this.trouble
    if (!before || before.kind === 'refused') return
    this.trouble = null
    void this.send()
    if (this.isSending) this.trouble = before
  }

  private async dropOlderComments(send: Send): Promise<void> {
    if (send.kind !== 'comment') return
    const first = this.isSending ? 1 : 0 // the one on its way stays
    const older = this.queue.slice(first).filter((pending) => pending.send.kind === 'comment')
    this.queue = this.queue.filter((pending) => !older.includes(pending))
    for (const pending of older) await this.settings.store.forget(pending)
  }

  private tell(): void {
    if (!this.isStopped) this.settings.onChange(this.state)
  }
}

function delay(milliseconds: number, then: () => void): () => void {
  const timer = setTimeout(then, milliseconds)
  return () => clearTimeout(timer)
}

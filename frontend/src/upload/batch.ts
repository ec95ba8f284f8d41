// Sending many cases one after the other: retries, cancelling, going on, and what became of each.

import { explanation, Refused, Unreachable } from '../api/errors'
import type { ImportedCase } from '../api/types'

export type Fate = 'waiting' | 'sending' | 'taken' | 'known' | 'refused'

/** One case on its way. */
export interface Shipment<Files> {
  readonly label: string
  readonly files: Files
  readonly bytes: number
  fate: Fate
  /** Share sent, 0 to 1. */
  share: number
  code: string
  words: string
  taken: readonly string[]
  described: readonly string[]
  ignored: readonly string[]
}

/** How a run ended: all was tried, somebody stopped it, or nothing can be sent at present. */
export type End = 'done' | 'cancelled' | 'blocked'

export type Send<Files> = (
  shipment: Shipment<Files>,
  progress: (share: number) => void,
  signal: AbortSignal,
) => Promise<ImportedCase>

export const PAUSES_MS = [1000, 4000, 12_000] as const

/** This will make a shipment that waits. */
export function shipment<Files>(label: string, files: Files, bytes: number): Shipment<Files> {
  return {
    ...{ label, files, bytes, fate: 'waiting', share: 0, code: '', words: 'Waiting' },
    ...{ taken: [], described: [], ignored: [] },
  }
}

/** Whether the same request may succeed in a moment. */
function isPassing(error: unknown): boolean {
  if (error instanceof Unreachable) return true
  return error instanceof Refused && error.isPassing && error.code !== 'StorageFailed'
}

/** Whether no other case would fare better, for now. */
export function blocksAll(error: unknown): boolean {
  if (isPassing(error)) return true
  return (
    error instanceof Refused &&
    (error.isSignedOut || error.isSomebodyElse || error.code === 'StorageFailed')
  )
}

export class Batch<Files> {
  readonly shipments: Shipment<Files>[] = []
  /** Why nothing can be sent at present; null when there is no such reason. */
  trouble: unknown = null
  private stopping: AbortController | null = null

  constructor(
    private readonly send: Send<Files>,
    private readonly changed: (shipment: Shipment<Files>) => void,
    private readonly pause: (ms: number, signal: AbortSignal) => Promise<void> = pauseFor,
  ) {}

  get isRunning(): boolean {
    return this.stopping !== null
  }

  count(fate: Fate): number {
    return this.shipments.filter((one) => one.fate === fate).length
  }

  /** Share of all bytes that have been dealt with, 0 to 1. */
  get share(): number {
    const all = this.shipments.reduce((sum, one) => sum + one.bytes, 0)
    const done = this.shipments.reduce((sum, one) => sum + one.bytes * settled(one), 0)
    return all > 0 ? done / all : 1
  }

  /** This will send everything that waits, one case after the other. */
  async run(): Promise<End> {
    const stopping = new AbortController()
    this.stopping = stopping
    this.trouble = null
    let end: End = 'done'
    for (const one of this.shipments) {
      if (one.fate !== 'waiting') continue
      end = await this.deliver(one, stopping.signal)
      if (end !== 'done') break
    }
    this.stopping = null
    return end
  }

  cancel(): void {
    this.stopping?.abort()
  }

  /** This will let everything that was refused wait again. */
  reconsider(): void {
    for (const one of this.shipments.filter(({ fate }) => fate === 'refused')) {
      this.change(one, { fate: 'waiting', share: 0, words: 'Waiting' })
    }
  }

  change(one: Shipment<Files>, changes: Partial<Shipment<Files>>): void {
    Object.assign(one, changes)
    this.changed(one)
  }

  private async deliver(one: Shipment<Files>, signal: AbortSignal): Promise<End> {
    for (const pause of [...PAUSES_MS, null]) {
      this.change(one, { fate: 'sending', share: 0, words: 'Sending' })
      try {
        this.accept(one, await this.send(one, (share) => this.advance(one, share), signal))
        return 'done'
      } catch (error) {
        if (signal.aborted) return this.putBack(one, 'cancelled')
        if (error instanceof Refused && error.code === 'AlreadyImported') {
          this.change(one, { fate: 'known', share: 1, words: error.message })
          return 'done'
        }
        if (!blocksAll(error)) {
          this.change(one, { fate: 'refused', words: explanation(error) })
          return 'done'
        }
        this.trouble = error
        if (pause === null || !isPassing(error)) return this.putBack(one, 'blocked')
        this.change(one, { words: `${explanation(error)} Trying again in ${pause / 1000} s.` })
        await this.pause(pause, signal)
        if (signal.aborted) return this.putBack(one, 'cancelled')
        this.trouble = null
      }
    }
    return 'blocked'
  }

  private advance(one: Shipment<Files>, share: number): void {
    const words = share < 1 ? `${Math.round(100 * share)} % sent` : 'Checking'
    this.change(one, { share, words })
  }

  private accept(one: Shipment<Files>, done: ImportedCase): void {
    const emptied = done.taken.filter(({ removed }) => removed.length > 0)
    const notes = [
      ...emptied.map(
        ({ sequence, removed }) => `header text emptied in ${sequence}: ${removed.join(', ')}`,
      ),
      ...done.warnings,
    ]
    this.change(one, {
      fate: 'taken',
      share: 1,
      code: done.code,
      taken: done.taken.map(({ sequence }) => sequence),
      described: done.described,
      ignored: done.ignored,
      words: notes.join('; '),
    })
  }

  private putBack(one: Shipment<Files>, end: End): End {
    this.change(one, { fate: 'waiting', share: 0, words: 'To be sent again' })
    return end
  }
}

function settled(one: Shipment<unknown>): number {
  return one.fate === 'waiting' ? 0 : one.fate === 'sending' ? one.share : 1
}

/** This will wait; an abort ends it early. */
function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

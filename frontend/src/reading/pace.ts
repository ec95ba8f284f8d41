// How this sitting goes: what is left at the rater's own pace, and when a break is due.

import type { Reading } from '../api/types'

/** Attention wanes: after so much reading without a pause a break is proposed. */
const BREAK_AFTER_MS = 40 * 60_000
/** Away from the page for so long is a break. */
const PAUSE_MS = 5 * 60_000
/** A pace is told from so many presentations on. */
const LEAST_READ = 3

export class Pace {
  private readonly read: number[] = []
  private sinceBreak = 0
  private lastAt: number | null = null

  constructor(private readonly now: () => number) {}

  /** A presentation was submitted after so much active reading; practice tires, and has no pace. */
  note(activeMs: number, isPractice = false): void {
    const at = this.now()
    if (this.lastAt !== null && at - this.lastAt - activeMs > PAUSE_MS) this.sinceBreak = 0
    this.lastAt = at
    this.sinceBreak += activeMs
    if (!isPractice) this.read.push(activeMs)
  }

  /** What to say between two presentations; nothing at first, and nothing of any answer. */
  words(reading: Pick<Reading, 'done' | 'total'>): {
    left: string
    pause: string
  } {
    const away = this.lastAt === null ? 0 : this.now() - this.lastAt
    const isTired = this.sinceBreak >= BREAK_AFTER_MS && away <= PAUSE_MS
    return {
      left: this.left(reading.total - reading.done),
      pause: isTired ? this.pause() : '',
    }
  }

  private left(presentations: number): string {
    if (this.read.length < LEAST_READ || presentations <= 0) return ''
    const sorted = [...this.read].sort((one, other) => one - other)
    const middle = sorted[Math.floor(sorted.length / 2)] ?? 0
    const minutes = Math.max(1, Math.round((presentations * middle) / 60_000))
    return minutes < 90
      ? `About ${minutes} min left at your pace`
      : `About ${(minutes / 60).toFixed(1)} hours left at your pace`
  }

  private pause(): string {
    const minutes = Math.round(this.sinceBreak / 60_000)
    return `You have been reading for ${minutes} minutes. A short break keeps your judgement steady; everything is stored, and you can go on at any time.`
  }
}

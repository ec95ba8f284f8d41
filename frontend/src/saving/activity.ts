// How long a presentation was really read: hidden tabs and pauses over a minute do not count.

export const IDLE_AFTER_MS = 60_000

export class ActivityClock {
  private total: number
  private lastSign: number | null = null

  constructor(
    private readonly now: () => number,
    already = 0,
  ) {
    this.total = already
  }

  /** The rater did something, or came back to the page. */
  sign(): void {
    const now = this.now()
    if (this.lastSign !== null) this.total += this.counted(now - this.lastSign)
    this.lastSign = now
  }

  /** The page is hidden: time stops until the next sign. */
  hide(): void {
    if (this.lastSign === null) return
    this.total += this.counted(this.now() - this.lastSign)
    this.lastSign = null
  }

  get activeMs(): number {
    const since = this.lastSign === null ? 0 : this.counted(this.now() - this.lastSign)
    return Math.round(this.total + since)
  }

  /** A pause counts up to the moment at which it became idle. */
  private counted(pause: number): number {
    return Math.max(0, Math.min(pause, IDLE_AFTER_MS))
  }
}

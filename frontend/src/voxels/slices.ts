// Moving through a stack of slices, and remembering which ones were looked at.

/** This will return the slice some steps further, kept inside the stack. */
export function steppedSlice(slice: number, steps: number, slices: number): number {
  return Math.max(0, Math.min(slices - 1, slice + steps))
}

const PIXELS_PER_STEP = 40

/**
 * This will turn wheel movement into whole steps. A mouse wheel sends a notch of about 100 pixels
 * and gets one step at once; a trackpad sends many small movements, which add up.
 */
export class WheelSteps {
  private rest = 0

  take(delta: number): number {
    if (Math.abs(delta) >= PIXELS_PER_STEP) {
      this.rest = 0
      return Math.sign(delta)
    }
    if (Math.sign(delta) !== Math.sign(this.rest)) this.rest = 0
    this.rest += delta
    const steps = Math.trunc(this.rest / PIXELS_PER_STEP)
    this.rest -= steps * PIXELS_PER_STEP
    return steps
  }
}

/** What of a stack was seen, and for how long (milliseconds by slice; at least 1 once seen). */
export class Coverage {
  private readonly times: number[]

  constructor(
    readonly slices: number,
    times: readonly number[] = [],
  ) {
    this.times = Array.from({ length: slices }, (_, slice) => Math.max(0, times[slice] ?? 0))
  }

  see(slice: number, milliseconds = 0): void {
    const before = this.times[slice]
    if (before !== undefined) this.times[slice] = Math.max(1, Math.round(before + milliseconds))
  }

  has(slice: number): boolean {
    return (this.times[slice] ?? 0) > 0
  }

  get count(): number {
    return this.times.filter((time) => time > 0).length
  }

  get list(): readonly number[] {
    return this.times
  }
}

// The lesion tour: every drawn lesion once, from the bottom of the brain to the top.

import type { ShownLesion } from '../api/types'

export class LesionTour {
  private at = -1
  private readonly order: readonly ShownLesion[]
  private readonly seen: Set<number>

  /** `toured` are the lesions that it has shown before, `lesion` the last of them. */
  constructor(
    lesions: readonly ShownLesion[],
    toured: Iterable<number> = [],
    lesion: number | null = null,
  ) {
    this.order = tourOrder(lesions)
    this.seen = new Set(toured)
    this.at = this.order.findIndex(({ id }) => id === lesion)
  }

  get length(): number {
    return this.order.length
  }

  /** 1 for the first lesion, 0 before the tour has begun. */
  get position(): number {
    return this.at + 1
  }

  /** The lesion where it stands. */
  get lesion(): number | null {
    return this.order[this.at]?.id ?? null
  }

  get toured(): readonly number[] {
    return [...this.seen]
  }

  /** How many lesions it has yet to show. */
  get left(): number {
    return this.order.filter(({ id }) => !this.seen.has(id)).length
  }

  /** A lesion was looked at without the tour: it goes on from there. */
  note(lesion: number): void {
    const at = this.order.findIndex(({ id }) => id === lesion)
    if (at < 0) return
    this.at = at
    this.seen.add(lesion)
  }

  /**
   * This will go on to the next lesion that was not seen yet, or back by one, and return it. When
   * all were seen it goes on one by one; after the last comes the first.
   */
  go(steps: 1 | -1): ShownLesion | null {
    const { length } = this.order
    if (length === 0) return null
    const from = this.at < 0 && steps < 0 ? 0 : this.at
    const next = (away: number): number => (from + steps * away + 2 * length) % length
    const near = Array.from({ length }, (_, away) => next(away + 1))
    const unseen = near.find((at) => !this.seen.has(this.order[at]?.id ?? 0))
    this.at = (steps > 0 ? unseen : undefined) ?? near[0] ?? 0
    const lesion = this.order[this.at] ?? null
    if (lesion) this.seen.add(lesion.id)
    return lesion
  }
}

function tourOrder(lesions: readonly ShownLesion[]): readonly ShownLesion[] {
  const by = (one: ShownLesion, other: ShownLesion, axis: 0 | 1 | 2): number =>
    one.voxel_mm[axis] - other.voxel_mm[axis]
  return [...lesions].sort(
    (one, other) => by(one, other, 2) || by(other, one, 1) || by(one, other, 0),
  )
}

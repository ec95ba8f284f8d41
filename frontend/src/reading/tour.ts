// The lesion tour: every drawn lesion once, from the bottom of the brain to the top.

import type { ShownLesion } from '../api/types'

export class LesionTour {
  private at = -1
  private readonly order: readonly ShownLesion[]

  constructor(lesions: readonly ShownLesion[]) {
    this.order = tourOrder(lesions)
  }

  get length(): number {
    return this.order.length
  }

  /** 1 for the first lesion, 0 before the tour has begun. */
  get position(): number {
    return this.at + 1
  }

  /** This will go on by one lesion and return it; after the last comes the first. */
  go(steps: 1 | -1): ShownLesion | null {
    const { length } = this.order
    if (length === 0) return null
    this.at = this.at < 0 && steps < 0 ? length - 1 : (this.at + steps + length) % length
    return this.order[this.at] ?? null
  }
}

export function tourOrder(lesions: readonly ShownLesion[]): readonly ShownLesion[] {
  const by = (one: ShownLesion, other: ShownLesion, axis: 0 | 1 | 2): number =>
    one.voxel_mm[axis] - other.voxel_mm[axis]
  return [...lesions].sort(
    (one, other) => by(one, other, 2) || by(other, one, 1) || by(one, other, 0),
  )
}

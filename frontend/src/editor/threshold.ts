// One lesion drawn anew from the probability map of the method that found it, by a slider.

import { make, setText } from '../elements'
import { type Grid, voxelCount } from '../voxels/grid'
import { around, grown } from '../voxels/grow'
import type { LesionMap } from '../voxels/lesionMap'

/** A lesion that is drawn anew stays within so many mm of its likeliest voxel. */
const REACH_MM = 40

/**
 * This will list what hangs together with the likeliest voxel of a lesion where the probability is
 * at least `threshold`; other lesions and what touches them are left alone. Null when it leaks.
 */
export function rethresholded(
  lesion: readonly number[],
  probability: ArrayLike<number>,
  threshold: number,
  map: LesionMap,
  grid: Grid,
): number[] | null {
  const of = (voxel: number): number => probability[voxel] ?? 0
  const likeliest = lesion.reduce((best, voxel) => (of(voxel) > of(best) ? voxel : best))
  if (of(likeliest) < threshold) return []
  const own = map.labels[likeliest]
  const isFree = (voxel: number): boolean => {
    let isFar = true
    around(voxel, grid.shape, (other) => {
      const label = map.labels[other]
      if (label && label !== own) isFar = false
    })
    const label = map.labels[voxel]
    return isFar && (!label || label === own)
  }
  return grown([likeliest], (voxel) => of(voxel) >= threshold && isFree(voxel), REACH_MM, grid)
}

export class ThresholdSlider {
  private readonly text = make('output')
  private readonly range = make('input', {
    type: 'range',
    min: 1,
    max: 99,
    value: 50,
    input: () => this.moved(this.onMove),
    change: () => this.moved(this.onEnd),
  })
  readonly element = make(
    'label',
    { class: 'setting threshold', hidden: true, title: 'From the map of the method that found it' },
    make('span', {}, 'Threshold'),
    this.range,
    this.text,
  )

  /** `onMove` is told every step of the slider, `onEnd` where it stays. */
  constructor(
    private readonly onMove: (threshold: number) => void,
    private readonly onEnd: (threshold: number) => void,
  ) {}

  show(isShown: boolean): void {
    this.element.hidden = !isShown
    setText(this.text, `${this.range.value} %`)
  }

  private moved(tell: (threshold: number) => void): void {
    setText(this.text, `${this.range.value} %`)
    tell(Number(this.range.value) / 100)
  }
}

/** Whether a map has a value for each voxel of a grid. */
export function fitsGrid(values: ArrayLike<number>, grid: Grid): boolean {
  return values.length === voxelCount(grid.shape)
}

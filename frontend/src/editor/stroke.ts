// One stroke of a tool, from pressing to lifting: it shows at once, and becomes one edit at its end.

import type { KeptStroke } from '../saving/outboxStore'
import type { DrawnPlace } from '../viewer/viewer'
import { type Axis, brushed, cut, lassoed } from '../voxels/brush'
import { type Grid, linearIndex, type Triple, voxelOfIndex } from '../voxels/grid'
import type { LesionMap } from '../voxels/lesionMap'
import { runsOf } from '../voxels/runs'
import type { Settings } from './palette'

export interface StrokeWorld {
  readonly grid: Grid
  readonly map: LesionMap
  readonly values: ArrayLike<number>
}

/** The axis that a plane lies across: a stroke stays on its slice. */
function acrossPlane(plane: 0 | 1 | 2): Axis {
  return (2 - plane) as Axis
}

/** What a stroke has changed so far. */
export class Stroke {
  readonly voxels = new Set<number>()
  private readonly line: Triple[] = []
  private readonly across: Axis

  constructor(
    private readonly world: StrokeWorld,
    private readonly settings: Settings,
    begin: DrawnPlace,
    /** Whether it takes voxels away. */
    readonly isErasing: boolean,
  ) {
    this.across = acrossPlane(begin.plane)
    this.slice = Math.round(begin.index[this.across])
  }

  private readonly slice: number

  /** This will follow the pointer and return the voxels that look different now. */
  follow(places: readonly DrawnPlace[]): readonly number[] {
    const fresh: number[] = []
    for (const { index, plane } of places) {
      if (acrossPlane(plane) !== this.across) continue
      const here = this.onSlice(index)
      const before = this.line.at(-1) ?? here
      this.line.push(here)
      if (this.settings.tool !== 'brush' && this.settings.tool !== 'erase') continue
      const { radiusMm } = this.settings
      fresh.push(...this.take(brushed(before, here, radiusMm, this.across, this.world.grid)))
    }
    return fresh
  }

  /** This will end the stroke and return the voxels that it changes. */
  finish(): readonly number[] {
    const { tool } = this.settings
    if (tool === 'lasso' && this.line.length > 2) {
      this.take(lassoed(this.line, this.across, this.world.grid))
    }
    if (tool === 'cut') this.take(this.cutLesions())
    return [...this.voxels]
  }

  /** What has been drawn or erased so far, to be kept in case that the page does not live on. */
  get kept(): KeptStroke {
    const [runs, { tool }] = [runsOf([...this.voxels]), this.settings]
    return this.isErasing ? { tool, added: [], removed: runs } : { tool, added: runs, removed: [] }
  }

  private onSlice(index: Triple): Triple {
    const place: [number, number, number] = [...index]
    place[this.across] = this.slice
    return place
  }

  private take(voxels: readonly number[]): number[] {
    const { map, values } = this.world
    const { least } = this.settings
    const fresh = voxels.filter(
      (voxel) =>
        voxel >= 0 &&
        map.has(voxel) === this.isErasing &&
        !this.voxels.has(voxel) &&
        (this.isErasing || least === null || (values[voxel] ?? 0) >= least),
    )
    for (const voxel of fresh) this.voxels.add(voxel)
    return fresh
  }

  /** The voxels of the lesions under the line, along it, through all of their slices. */
  private cutLesions(): readonly number[] {
    const { map, grid } = this.world
    const onSlice = cut(this.line, this.across, [this.slice, this.slice], grid)
    const lesions = new Set(onSlice.map((voxel) => map.labels[voxel] ?? 0))
    lesions.delete(0)
    const slices = [...lesions].flatMap((id) =>
      map.voxelsOf(id).map((voxel) => voxelOfIndex(voxel, grid.shape)[this.across]),
    )
    if (slices.length === 0) return []
    const low = slices.reduce((least, slice) => Math.min(least, slice))
    const high = slices.reduce((most, slice) => Math.max(most, slice))
    return cut(this.line, this.across, [low, high], grid).filter((voxel) =>
      lesions.has(map.labels[voxel] ?? 0),
    )
  }
}

/** The voxel that holds a place, or -1 beside the grid. */
export function voxelUnder({ index }: DrawnPlace, grid: Grid): number {
  const [x, y, z] = index
  return linearIndex([Math.round(x), Math.round(y), Math.round(z)], grid.shape)
}

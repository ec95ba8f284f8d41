// What changes whole lesions at a time: growing, joining, filling, and another threshold.

import type { LoadedScan } from '../viewer/load'
import type { Triple } from '../voxels/grid'
import { between, bridge, holes } from '../voxels/grow'
import type { DrawingLayer } from './drawingLayer'
import type { Drawn } from './drawn'
import { segmented } from './growing'
import type { Settings } from './palette'
import { rethresholded } from './threshold'

const LEAK = 'At this threshold it runs into everything around it.'

export class Shaping {
  /** The map behind the mask that is corrected, once it is there. */
  probability: ArrayLike<number> | null = null

  constructor(
    private readonly scan: LoadedScan,
    private readonly drawn: Drawn,
    private readonly layer: DrawingLayer,
    private readonly settings: Settings,
    private readonly choose: (lesion: number) => void,
    private readonly say: (text: string) => void,
  ) {}

  /** This will segment the lesion at a place, anew where one is drawn there. */
  grow(mm: Triple): void {
    const { values, grid } = this.scan
    const { map } = this.drawn
    const seed = this.layer.voxelAt(mm)
    if (seed < 0) return
    const found = segmented(seed, values, this.probability, this.settings, grid)
    if (typeof found === 'string') {
      this.say(found)
      return
    }
    const before = map.voxelsOf(map.labels[seed] ?? 0)
    this.replace(before.length > 0 ? 'regrow' : 'grow', before, found)
    this.choose(map.labels[seed] ?? 0)
  }

  /** This will join a lesion with the chosen one, or choose it as the first of two. */
  merge(lesion: number): void {
    const { chosen } = this.layer
    if (!chosen || chosen === lesion) {
      this.choose(lesion)
      this.say('Now click the lesion to join it with.')
      return
    }
    const [one, other] = [this.drawn.map.voxelsOf(chosen), this.drawn.map.voxelsOf(lesion)]
    this.drawn.change('merge', bridge(one, other, this.scan.grid))
  }

  /** This will fill the holes of the chosen lesion, or of all. */
  fillHoles(): void {
    const { map } = this.drawn
    const { chosen } = this.layer
    const lesions = chosen ? [chosen] : [...map.lesions.keys()]
    const found = lesions.flatMap((id) => holes(map.voxelsOf(id), map.shape))
    this.say(this.drawn.change('fill', found) ? '' : 'There are no holes to fill.')
  }

  /** This will fill the slices between the chosen lesion and the nearest one above or below it. */
  interpolate(): void {
    const { map } = this.drawn
    const { chosen } = this.layer
    const one = map.voxelsOf(chosen)
    const fills = [...map.lesions]
      .filter(([id]) => id !== chosen)
      .map(([, other]) => (one.length > 0 ? between(one, other, this.scan.grid) : []))
      .filter((found) => found.length > 0)
      .sort((few, many) => few.length - many.length)
    const isDone = this.drawn.change('interpolate', fills[0] ?? [])
    this.say(isDone ? '' : 'Choose a lesion that has another one some slices above or below it.')
  }

  /** This will show the chosen lesion as a threshold of the map would draw it. */
  previewThreshold(threshold: number): void {
    const found = this.atThreshold(threshold)
    this.say(found ? '' : LEAK)
    if (found) this.layer.preview(found)
  }

  /** This will draw the chosen lesion anew at a threshold of the map. */
  takeThreshold(threshold: number): void {
    const before = this.drawn.map.voxelsOf(this.layer.chosen)
    const found = this.atThreshold(threshold)
    const isDone = found && found.length > 0 && this.replace('threshold', before, found)
    this.layer.endPreview(before)
    if (!isDone) this.say(`${found ? '' : `${LEAK} `}Nothing was changed at this threshold.`)
  }

  private replace(tool: string, before: readonly number[], after: readonly number[]): boolean {
    const kept = new Set(after)
    return this.drawn.change(
      tool,
      after,
      before.filter((voxel) => !kept.has(voxel)),
    )
  }

  private atThreshold(threshold: number): readonly number[] | null {
    const { map } = this.drawn
    const lesion = map.voxelsOf(this.layer.chosen)
    if (!this.probability || lesion.length === 0) return null
    return rethresholded(lesion, this.probability, threshold, map, this.scan.grid)
  }
}

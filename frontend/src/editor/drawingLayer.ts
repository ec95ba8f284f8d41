// The drawing on the screen: every lesion in its colour, one of them chosen.

import type { Viewer } from '../viewer/viewer'
import type { Grid, Triple } from '../voxels/grid'
import type { LabelVolume } from '../voxels/labels'
import type { Drawn } from './drawn'
import { voxelUnder } from './stroke'

/** Values of the drawing layer (`viewer/mask.ts`). */
const [LESION, CHOSEN, ACCEPTED] = [1, 3, 4] as const

export class DrawingLayer {
  /** The number of the chosen lesion, 0 for none. */
  chosen = 0
  /** Voxels that a preview shows otherwise than they are drawn. */
  private previewed: readonly number[] = []

  constructor(
    private readonly viewer: Viewer,
    private readonly drawn: Drawn,
    private readonly grid: Grid,
  ) {}

  /** The voxel at a place, or -1 beside the grid. */
  voxelAt(mm: Triple): number {
    const index = this.viewer.voxelAt(mm)
    return index ? voxelUnder({ index, mm, plane: 0 }, this.grid) : -1
  }

  choose(lesion: number): void {
    const { map } = this.drawn
    const before = this.chosen
    this.chosen = lesion
    this.repaint([...map.voxelsOf(before), ...map.voxelsOf(lesion)])
  }

  repaint(voxels: readonly number[]): void {
    const { labels } = this.drawn.map
    const accepted = this.drawn.acceptedLesions
    this.viewer.paint(voxels, (voxel) => {
      const lesion = labels[voxel] ?? 0
      if (lesion === 0) return 0
      if (lesion === this.chosen) return CHOSEN
      return accepted.has(lesion) ? ACCEPTED : LESION
    })
  }

  repaintAll(): void {
    this.repaint([...this.drawn.map.lesions.values()].flat())
  }

  /** This will show what a stroke draws, or takes away, before it is an edit. */
  paintStroke(voxels: readonly number[], isErasing: boolean): void {
    this.viewer.paint(voxels, () => (isErasing ? 0 : LESION))
  }

  /** This will show the chosen lesion as these voxels, other lesions as they are. */
  preview(voxels: readonly number[]): void {
    const { labels } = this.drawn.map
    const shown = new Set(voxels)
    const touched = [...this.previewed, ...this.drawn.map.voxelsOf(this.chosen), ...voxels]
    this.viewer.paint(
      touched.filter((voxel) => [0, this.chosen].includes(labels[voxel] ?? 0)),
      (voxel) => (shown.has(voxel) ? CHOSEN : 0),
    )
    this.previewed = voxels
  }

  /** This will show these voxels, and those of the preview, as they are drawn. */
  endPreview(voxels: readonly number[]): void {
    this.repaint([...this.previewed, ...voxels])
    this.previewed = []
  }

  /** This will lay another mask over the scan, or (null) what is drawn. */
  showOther(other: LabelVolume | null): void {
    this.viewer.setLabels(other ?? { grid: this.grid, labels: this.drawn.map.labels })
    if (!other) this.repaintAll()
  }
}

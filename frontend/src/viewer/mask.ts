// The mask in NiiVue's drawing layer: 1 = lesion, 2 = lesion marked as false positive.

import { cmapper, type Niivue } from '@niivue/niivue'
import { isSameGrid, voxelCount } from '../voxels/grid'
import { type LabelVolume, paintLabels, shownLesions } from '../voxels/labels'
import { gridOf, UnusableVolume } from './load'

export type MaskStyle = 'fill' | 'outline'

export interface MaskLook {
  readonly style: MaskStyle
  readonly opacity: number
  readonly isHidden: boolean
}

export const FIRST_LOOK: MaskLook = { style: 'fill', opacity: 0.45, isHidden: false }

const LESION = [40, 200, 215] as const
const FALSE_POSITIVE = [255, 120, 40] as const

const COLOURS = cmapper.makeDrawLut({
  R: [0, LESION[0], FALSE_POSITIVE[0]],
  G: [0, LESION[1], FALSE_POSITIVE[1]],
  B: [0, LESION[2], FALSE_POSITIVE[2]],
  A: [0, 255, 255],
  I: [0, 1, 2],
  labels: ['', 'lesion', 'false positive'],
})

// NiiVue draws the outline only while the fill has an opacity above 0.
const ALMOST_NOTHING = 0.003

/** This will give the drawing layer its colours; they reach the screen with the next volume. */
export function setMaskColours(nv: Niivue): void {
  nv.drawLut = COLOURS
}

/** This will show a mask over the scan that is open. Raises UnusableVolume on another grid. */
export function drawMask(nv: Niivue, volume: LabelVolume, marked: ReadonlySet<number>): void {
  const image = nv.volumes[0]
  if (!image || !isSameGrid(gridOf(image), volume.grid)) {
    throw new UnusableVolume('Scan and mask do not lie on the same grid, so nothing is shown.')
  }
  nv.createEmptyDrawing()
  repaintMask(nv, volume, marked)
}

/** This will colour the lesions of the mask that is shown. */
export function repaintMask(nv: Niivue, volume: LabelVolume, marked: ReadonlySet<number>): void {
  const bitmap = nv.drawBitmap
  if (!bitmap || bitmap.length !== voxelCount(volume.grid.shape)) return
  paintLabels(volume.labels, marked, bitmap)
  nv.refreshDrawing(true)
}

export function applyLook(nv: Niivue, look: MaskLook): void {
  if (look.isHidden) {
    nv.drawRimOpacity = -1
    nv.drawOpacity = 0
  } else if (look.style === 'outline') {
    nv.drawRimOpacity = 1
    nv.drawOpacity = ALMOST_NOTHING
  } else {
    nv.drawRimOpacity = -1
    nv.drawOpacity = look.opacity
  }
  nv.drawScene()
}

/** This will count the lesions that the drawing layer holds right now. */
export function countDrawn(nv: Niivue, volume: LabelVolume | null): { lesion: number; fp: number } {
  if (!nv.drawBitmap || !volume) return { lesion: 0, fp: 0 }
  return shownLesions(volume.labels, nv.drawBitmap)
}

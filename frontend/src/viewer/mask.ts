// The mask in NiiVue's drawing layer: 1 = lesion, 2 = lesion marked as false positive; while it is
// drawn also 3 = the chosen lesion, 4 = accepted.

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

const CHOSEN = [255, 225, 77] as const
const ACCEPTED = [127, 214, 155] as const

const SHOWN = [[0, 0, 0], LESION, FALSE_POSITIVE, CHOSEN, ACCEPTED] as const
const COLOURS = cmapper.makeDrawLut({
  R: SHOWN.map(([red]) => red),
  G: SHOWN.map(([, green]) => green),
  B: SHOWN.map(([, , blue]) => blue),
  A: [0, 255, 255, 255, 255],
  I: [0, 1, 2, 3, 4],
  labels: ['', 'lesion', 'false positive', 'chosen', 'accepted'],
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

const DRAWING_UNIT = 7 // NiiVue's texture unit of the drawing layer

/** This will give voxels their values and bring to the screen the slices that they lie on. */
export function paintVoxels(
  nv: Niivue,
  voxels: readonly number[],
  look: (voxel: number) => number,
): void {
  const [, nx, ny] = nv.back?.dims ?? []
  if (!nv.drawBitmap || !nx || !ny || voxels.length === 0) return
  let [low, high] = [Number.POSITIVE_INFINITY, 0]
  for (const voxel of voxels) {
    nv.drawBitmap[voxel] = look(voxel)
    if (voxel < low) low = voxel
    if (voxel > high) high = voxel
  }
  const slice = nx * ny
  const [first, last] = [Math.floor(low / slice), Math.floor(high / slice)]
  const { gl } = nv
  const changed = nv.drawBitmap.subarray(first * slice, (last + 1) * slice)
  const size = [nx, ny, last + 1 - first] as const
  gl.activeTexture(gl.TEXTURE0 + DRAWING_UNIT)
  gl.bindTexture(gl.TEXTURE_3D, nv.drawTexture)
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
  gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, first, ...size, gl.RED, gl.UNSIGNED_BYTE, changed)
  nv.drawScene()
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

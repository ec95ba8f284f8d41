// The lesion ids of a mask, and the picture of them that the drawing layer shows.

import { type Grid, linearIndex, type Triple, voxelCount } from './grid'

/** Lesion ids on a grid: 0 is not drawn, 1..n is the lesion. */
export interface LabelVolume {
  readonly grid: Grid
  readonly labels: Uint16Array
}

class UnreadableLabels extends Error {
  override name = 'UnreadableLabels'
}

const HEADER_BYTES = 352
const UINT16 = 512

/**
 * This will read the uncompressed NIfTI file of lesion ids that the server writes: little-endian,
 * unsigned 16 bit, RAS, geometry in the sform. Raises UnreadableLabels for anything else.
 */
export function readLabels(file: ArrayBuffer): LabelVolume {
  const view = new DataView(file)
  if (file.byteLength < HEADER_BYTES || view.getInt32(0, true) !== 348) {
    throw new UnreadableLabels('The mask that arrived is not a NIfTI file.')
  }
  if (view.getInt16(70, true) !== UINT16) {
    throw new UnreadableLabels('The mask that arrived does not hold lesion ids.')
  }
  const size = (axis: number): number => view.getInt16(40 + 2 * axis, true)
  const shape: Triple = [size(1), size(2), size(3)]
  const start = view.getFloat32(108, true)
  if (file.byteLength < start + 2 * voxelCount(shape)) {
    throw new UnreadableLabels('The mask did not arrive completely.')
  }
  const affine = Array.from({ length: 12 }, (_, at) => view.getFloat32(280 + 4 * at, true))
  const labels = new Uint16Array(file.slice(start, start + 2 * voxelCount(shape)))
  return { grid: { shape, affine: [...affine, 0, 0, 0, 1] }, labels }
}

/** This will return the lesion at a voxel, or 0 where nothing is drawn and outside the grid. */
export function lesionAt(voxel: Triple, volume: LabelVolume): number {
  return volume.labels[linearIndex(voxel, volume.grid.shape)] ?? 0
}

export const DRAWN = 1
const MARKED = 2

/** This will fill `bitmap` with 0 (not drawn), 1 (lesion) or 2 (lesion marked false positive). */
export function paintLabels(
  labels: Uint16Array,
  marked: ReadonlySet<number>,
  bitmap: Uint8Array,
): void {
  for (let at = 0; at < bitmap.length; at += 1) {
    const lesion = labels[at] ?? 0
    bitmap[at] = lesion === 0 ? 0 : marked.size > 0 && marked.has(lesion) ? MARKED : DRAWN
  }
}

/** This will count the lesions that a bitmap shows as drawn and as false positive. */
export function shownLesions(
  labels: Uint16Array,
  bitmap: Uint8Array,
): { lesion: number; fp: number } {
  const drawn = new Set<number>()
  const marked = new Set<number>()
  for (let at = 0; at < bitmap.length; at += 1) {
    if (bitmap[at] === DRAWN) drawn.add(labels[at] ?? 0)
    else if (bitmap[at] === MARKED) marked.add(labels[at] ?? 0)
  }
  return { lesion: drawn.size, fp: marked.size }
}

/** This will return which axial slices hold drawn voxels. */
export function slicesWithLesions(volume: LabelVolume): ReadonlySet<number> {
  const { shape } = volume.grid
  const perSlice = shape[0] * shape[1]
  const slices = new Set<number>()
  for (let slice = 0; slice < shape[2]; slice += 1) {
    const voxels = volume.labels.subarray(slice * perSlice, (slice + 1) * perSlice)
    if (voxels.some((lesion) => lesion > 0)) slices.add(slice)
  }
  return slices
}

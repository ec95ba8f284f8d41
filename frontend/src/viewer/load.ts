// From the bytes of the server to what NiiVue and the label look-up need. Names stay neutral.

import { NVImage } from '@niivue/niivue'
import { type Grid, isSameGrid } from '../voxels/grid'
import { type LabelVolume, readLabels } from '../voxels/labels'
import { niftiFile, resampled } from '../voxels/resample'
import { percentileWindow, type Window } from '../voxels/window'

export class UnusableVolume extends Error {
  override name = 'UnusableVolume'
}

/** A scan in memory, with the grey levels that it starts with and those that it has. */
export interface LoadedScan {
  readonly image: NVImage
  readonly grid: Grid
  /** The value of each voxel, x fastest. */
  readonly values: ArrayLike<number>
  readonly window: Window
  readonly full: Window
}

/** This will parse a scan and work out its grey levels. Raises UnusableVolume. */
export async function loadScan(bytes: ArrayBuffer): Promise<LoadedScan> {
  const image = await loadImage(bytes)
  const values = image.img ?? []
  return {
    image,
    grid: gridOf(image),
    values,
    window: percentileWindow(values),
    full: percentileWindow(values, [0.5, 100]),
  }
}

/** This will parse a scan and bring it onto the grid of another. Raises UnusableVolume. */
export async function loadBeside(bytes: ArrayBuffer, { grid }: LoadedScan): Promise<LoadedScan> {
  const own = await loadScan(bytes)
  if (isSameGrid(own.grid, grid)) return own
  const breathe = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))
  const values = await resampled(own.image.img ?? [], own.grid, grid, breathe)
  return loadScan(niftiFile(values, grid))
}

/** This will parse a scan. Raises UnusableVolume when it is not the RAS volume that was promised. */
async function loadImage(bytes: ArrayBuffer): Promise<NVImage> {
  let image: NVImage
  try {
    image = await NVImage.loadFromUrl({ url: bytes, name: 'image.nii.gz', colormap: 'gray' })
  } catch {
    throw new UnusableVolume('The scan did not arrive as a readable volume. Try again.')
  }
  if (!image.img || image.permRAS?.some((axis, at) => axis !== at + 1)) {
    throw new UnusableVolume('The scan did not arrive in the orientation that was promised.')
  }
  return image
}

/** This will return the grid of a parsed scan, from the geometry in its file. */
export function gridOf(image: NVImage): Grid {
  const header = image.hdr
  if (!header) throw new UnusableVolume('The scan has no geometry.')
  const size = (axis: number): number => header.dims[axis] ?? 0
  return { shape: [size(1), size(2), size(3)], affine: header.affine.flat() }
}

/** This will unpack and read the lesion ids of a mask. Raises UnusableVolume. */
export async function loadLabels(bytes: ArrayBuffer): Promise<LabelVolume> {
  try {
    return readLabels(await unpacked(bytes))
  } catch (error) {
    const detail = error instanceof Error ? error.message : ''
    throw new UnusableVolume(`The mask could not be read. ${detail}`.trim())
  }
}

async function unpacked(bytes: ArrayBuffer): Promise<ArrayBuffer> {
  const start = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength))
  if (start[0] !== 0x1f || start[1] !== 0x8b) return bytes
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return await new Response(stream).arrayBuffer()
}

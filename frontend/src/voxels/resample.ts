// One scan on the grid of another, so that both show the same place at the same size.

import { type Grid, indexOfMm, mmOfVoxel, type Triple, voxelCount } from './grid'

const HEADER_BYTES = 352
const FLOAT32 = 16

/**
 * This will read `values` (on `source`) at the voxel centres of `target`, linearly; outside it is 0.
 * It pauses between slices, so that a page that is being used stays quick.
 */
export async function resampled(
  values: ArrayLike<number>,
  source: Grid,
  target: Grid,
  pause: () => Promise<void>,
): Promise<Float32Array> {
  const at = (voxel: Triple): Triple => indexOfMm(mmOfVoxel(voxel, target), source)
  const start = at([0, 0, 0])
  const step = (
    [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ] as const
  ).map((unit) => {
    const there = at(unit)
    return start.map((from, axis) => (there[axis] ?? 0) - from)
  })
  const [nx, ny, nz] = source.shape
  const [width, height, depth] = target.shape
  const value = (x: number, y: number, z: number): number =>
    x < 0 || y < 0 || z < 0 || x >= nx || y >= ny || z >= nz
      ? 0
      : (values[x + nx * (y + ny * z)] ?? 0)
  const along = (axis: number, i: number, j: number, k: number): number =>
    (start[axis] ?? 0) +
    i * (step[0]?.[axis] ?? 0) +
    j * (step[1]?.[axis] ?? 0) +
    k * (step[2]?.[axis] ?? 0)
  const made = new Float32Array(voxelCount(target.shape))
  let next = 0
  for (let k = 0; k < depth; k += 1) {
    for (let j = 0; j < height; j += 1) {
      for (let i = 0; i < width; i += 1) {
        const [x, y, z] = [along(0, i, j, k), along(1, i, j, k), along(2, i, j, k)]
        const [x0, y0, z0] = [Math.floor(x), Math.floor(y), Math.floor(z)]
        const [u, v, w] = [x - x0, y - y0, z - z0]
        const row = (dy: number, dz: number): number =>
          (1 - u) * value(x0, y0 + dy, z0 + dz) + u * value(x0 + 1, y0 + dy, z0 + dz)
        made[next] =
          (1 - w) * ((1 - v) * row(0, 0) + v * row(1, 0)) +
          w * ((1 - v) * row(0, 1) + v * row(1, 1))
        next += 1
      }
    }
    await pause()
  }
  return made
}

/** This will write values as an uncompressed NIfTI file with the geometry in the sform. */
export function niftiFile(values: Float32Array, { shape, affine }: Grid): ArrayBuffer {
  const file = new ArrayBuffer(HEADER_BYTES + values.byteLength)
  const view = new DataView(file)
  view.setInt32(0, 348, true)
  view.setInt16(40, 3, true)
  view.setFloat32(76, 1, true)
  for (const axis of [0, 1, 2] as const) {
    const column = [affine[axis], affine[4 + axis], affine[8 + axis]].map((part) => part ?? 0)
    view.setInt16(42 + 2 * axis, shape[axis], true)
    view.setFloat32(80 + 4 * axis, Math.hypot(...column), true)
  }
  for (let axis = 4; axis <= 7; axis += 1) view.setInt16(40 + 2 * axis, 1, true)
  view.setInt16(70, FLOAT32, true)
  view.setInt16(72, 32, true)
  view.setFloat32(108, HEADER_BYTES, true)
  view.setFloat32(112, 1, true)
  view.setUint8(123, 2) // millimetres
  view.setInt16(254, 1, true)
  affine.slice(0, 12).forEach((part, at) => {
    view.setFloat32(280 + 4 * at, part, true)
  })
  for (const [at, letter] of [...'n+1'].entries()) view.setUint8(344 + at, letter.charCodeAt(0))
  new Float32Array(file, HEADER_BYTES).set(values)
  return file
}

// Voxel indices and world millimetres. Arrays are stored x fastest, as in a NIfTI file; every grid
// here is the RAS copy that the server makes, so a voxel index is the index in that file.

export type Triple = readonly [number, number, number]

/** Shape in voxels and the 4x4 affine, row by row, that takes voxel indices to RAS+ millimetres. */
export interface Grid {
  readonly shape: Triple
  readonly affine: readonly number[]
}

export function voxelCount(shape: Triple): number {
  return shape[0] * shape[1] * shape[2]
}

export function isInside(voxel: Triple, shape: Triple): boolean {
  return voxel.every((index, axis) => index >= 0 && index < (shape[axis] ?? 0))
}

/** This will return the place of a voxel in the array, or -1 for a voxel outside. */
export function linearIndex(voxel: Triple, shape: Triple): number {
  if (!isInside(voxel, shape)) return -1
  return voxel[0] + shape[0] * (voxel[1] + shape[1] * voxel[2])
}

export function voxelOfIndex(index: number, shape: Triple): Triple {
  const row = Math.floor(index / shape[0])
  return [index % shape[0], row % shape[1], Math.floor(row / shape[1])]
}

function entry(affine: readonly number[], row: number, column: number): number {
  return affine[4 * row + column] ?? 0
}

/** This will return the millimetres of a voxel's centre. */
export function mmOfVoxel(voxel: Triple, grid: Grid): Triple {
  const along = (row: number): number =>
    entry(grid.affine, row, 0) * voxel[0] +
    entry(grid.affine, row, 1) * voxel[1] +
    entry(grid.affine, row, 2) * voxel[2] +
    entry(grid.affine, row, 3)
  return [along(0), along(1), along(2)]
}

/** This will return the voxel that holds a place in millimetres; it may lie outside the grid. */
export function voxelOfMm(mm: Triple, grid: Grid): Triple {
  const [x, y, z] = indexOfMm(mm, grid)
  return [Math.round(x), Math.round(y), Math.round(z)]
}

/** This will return the voxel index of a place in millimetres, with fractions. */
export function indexOfMm(mm: Triple, grid: Grid): Triple {
  const a = (row: number, column: number): number => entry(grid.affine, row, column)
  const cofactor = (row: number, column: number): number => {
    const [r1, r2] = [(row + 1) % 3, (row + 2) % 3]
    const [c1, c2] = [(column + 1) % 3, (column + 2) % 3]
    return a(r1, c1) * a(r2, c2) - a(r1, c2) * a(r2, c1)
  }
  const determinant = a(0, 0) * cofactor(0, 0) + a(0, 1) * cofactor(0, 1) + a(0, 2) * cofactor(0, 2)
  const from = [mm[0] - a(0, 3), mm[1] - a(1, 3), mm[2] - a(2, 3)]
  // The inverse is the transposed cofactor matrix over the determinant.
  const along = (axis: number): number =>
    ((from[0] ?? 0) * cofactor(0, axis) +
      (from[1] ?? 0) * cofactor(1, axis) +
      (from[2] ?? 0) * cofactor(2, axis)) /
    determinant
  return [along(0), along(1), along(2)]
}

/** Whether two grids have the same voxels in the same places, to a thousandth of a millimetre. */
export function isSameGrid(one: Grid, other: Grid): boolean {
  return (
    one.shape.every((size, axis) => size === other.shape[axis]) &&
    one.affine.every((value, at) => Math.abs(value - (other.affine[at] ?? Number.NaN)) < 1e-3)
  )
}

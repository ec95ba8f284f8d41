// Voxels of a grid as runs: first voxel, how many, first voxel, how many, ... in rising order.

/** This will write voxels, each named once and in any order, as runs. */
export function runsOf(voxels: readonly number[]): number[] {
  const rising = Float64Array.from(voxels).sort()
  const runs: number[] = []
  for (const voxel of rising) {
    const last = runs.length - 2
    if (last >= 0 && (runs[last] ?? 0) + (runs[last + 1] ?? 0) === voxel) {
      runs[last + 1] = (runs[last + 1] ?? 0) + 1
    } else runs.push(voxel, 1)
  }
  return runs
}

/** This will list the voxels of runs. */
export function voxelsOf(runs: readonly number[]): number[] {
  const voxels: number[] = []
  for (let at = 0; at < runs.length; at += 2) {
    const first = runs[at] ?? 0
    for (let voxel = first; voxel < first + (runs[at + 1] ?? 0); voxel += 1) voxels.push(voxel)
  }
  return voxels
}

/** What a voxel adds to the digest of a mask, which is the exclusive or over all its voxels. */
export function voxelDigest(voxel: number): number {
  let mixed = Math.imul(voxel + 1, 2654435761)
  mixed ^= mixed >>> 15
  mixed = Math.imul(mixed, 2246822507)
  mixed ^= mixed >>> 13
  return mixed >>> 0
}

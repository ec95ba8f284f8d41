// Voxels found from voxels: by grey level, between two lesions, in holes, between slices.

import { type Grid, linearIndex, mmOfVoxel, type Triple, voxelOfIndex } from './grid'

/** This will call `see` with the voxels around a voxel, corners included. */
export function around(voxel: number, shape: Triple, see: (other: number) => void): void {
  const [nx, ny, nz] = shape
  const [x, y, z] = voxelOfIndex(voxel, shape)
  for (let k = Math.max(0, z - 1); k <= Math.min(nz - 1, z + 1); k += 1) {
    for (let j = Math.max(0, y - 1); j <= Math.min(ny - 1, y + 1); j += 1) {
      for (let i = Math.max(0, x - 1); i <= Math.min(nx - 1, x + 1); i += 1) {
        const other = i + nx * (j + ny * k)
        if (other !== voxel) see(other)
      }
    }
  }
}

/** The distance between the centres of two voxels in mm. */
function mmBetween(one: number, other: number, grid: Grid): number {
  const from = mmOfVoxel(voxelOfIndex(one, grid.shape), grid)
  const to = mmOfVoxel(voxelOfIndex(other, grid.shape), grid)
  return Math.hypot(from[0] - to[0], from[1] - to[1], from[2] - to[2])
}

/**
 * This will list the voxels that hang together with `seeds` and are `wanted`, seeds included. Null
 * when they go on beyond `reachMm` from the first seed: what grows so far has leaked.
 */
export function grown(
  seeds: readonly number[],
  wanted: (voxel: number) => boolean,
  reachMm: number,
  grid: Grid,
): number[] | null {
  const found = new Set(seeds)
  const queue = [...seeds]
  const first = seeds[0] ?? 0
  let isLeaking = false
  for (let at = 0; at < queue.length && !isLeaking; at += 1) {
    around(queue[at] ?? 0, grid.shape, (other) => {
      if (found.has(other) || !wanted(other)) return
      if (mmBetween(first, other, grid) > reachMm) isLeaking = true
      found.add(other)
      queue.push(other)
    })
  }
  return isLeaking ? null : queue
}

/** This will list the voxels of the shortest straight way between two lesions, ends left out. */
export function bridge(one: readonly number[], other: readonly number[], grid: Grid): number[] {
  let [from, to, least] = [one[0] ?? 0, other[0] ?? 0, Number.POSITIVE_INFINITY]
  const places = other.map((voxel) => mmOfVoxel(voxelOfIndex(voxel, grid.shape), grid))
  for (const voxel of one) {
    const here = mmOfVoxel(voxelOfIndex(voxel, grid.shape), grid)
    for (const [at, there] of places.entries()) {
      const apart =
        (here[0] - there[0]) ** 2 + (here[1] - there[1]) ** 2 + (here[2] - there[2]) ** 2
      if (apart < least) [from, to, least] = [voxel, other[at] ?? 0, apart]
    }
  }
  const [a, b] = [voxelOfIndex(from, grid.shape), voxelOfIndex(to, grid.shape)]
  const steps = Math.max(...a.map((index, axis) => Math.abs(index - (b[axis] ?? 0))))
  return Array.from({ length: Math.max(0, steps - 1) }, (_, at) => {
    const share = (at + 1) / steps
    const part = (axis: 0 | 1 | 2): number => Math.round(a[axis] + share * (b[axis] - a[axis]))
    return linearIndex([part(0), part(1), part(2)], grid.shape)
  })
}

/** Outlines further apart are hardly of one lesion. */
const MOST_SLICES = 6

/** A rectangle of an axial slice, one entry a voxel; a margin of one voxel lies around what is in it. */
interface Patch {
  readonly left: number
  readonly low: number
  readonly width: number
  readonly height: number
  readonly inside: Uint8Array
}

/** This will list what is enclosed by a lesion on its axial slices and not part of it. */
export function holes(lesion: readonly number[], shape: Triple): number[] {
  const found: number[] = []
  for (const [slice, voxels] of bySlice(lesion, shape)) {
    const patch = patchOf(voxels, shape)
    const { left, low, width, inside } = patch
    const outside = floodedFromCorner(patch)
    for (let at = 0; at < inside.length; at += 1) {
      if (inside[at] || outside[at]) continue
      const place: Triple = [left + (at % width), low + Math.floor(at / width), slice]
      const voxel = linearIndex(place, shape)
      if (voxel >= 0) found.push(voxel)
    }
  }
  return found
}

/**
 * This will list what lies between two lesions on the axial slices that neither is on, between the
 * two outlines that face each other: by the mean of their distances to the outline, weighted by how
 * near the slice is to each. Empty where no slice lies between them.
 */
export function between(one: readonly number[], other: readonly number[], grid: Grid): number[] {
  const { shape } = grid
  const [a, b] = [bySlice(one, shape), bySlice(other, shape)]
  const [lowA, highA, lowB, highB] = [
    Math.min(...a.keys()),
    Math.max(...a.keys()),
    Math.min(...b.keys()),
    Math.max(...b.keys()),
  ]
  const [from, to] = highA < lowB ? [highA, lowB] : highB < lowA ? [lowA, highB] : [0, 0]
  if (Math.abs(to - from) < 2 || Math.abs(to - from) > MOST_SLICES) return []
  const [ends, patch] = [
    [a.get(from) ?? [], b.get(to) ?? []],
    patchOf([...(a.get(from) ?? []), ...(b.get(to) ?? [])], shape),
  ]
  const [near, far] = ends.map((voxels) => distances(within(patch, voxels, shape), patch, grid))
  const found: number[] = []
  const step = Math.sign(to - from)
  for (let slice = from + step; slice !== to; slice += step) {
    const share = (slice - from) / (to - from)
    for (let at = 0; at < patch.inside.length; at += 1) {
      if ((1 - share) * (near?.[at] ?? 0) + share * (far?.[at] ?? 0) >= 0) continue
      const place: Triple = [
        patch.left + (at % patch.width),
        patch.low + Math.floor(at / patch.width),
        slice,
      ]
      found.push(linearIndex(place, shape))
    }
  }
  return found.filter((voxel) => voxel >= 0)
}

function bySlice(voxels: readonly number[], shape: Triple): Map<number, number[]> {
  const slices = new Map<number, number[]>()
  for (const voxel of voxels) {
    const slice = Math.floor(voxel / (shape[0] * shape[1]))
    const there = slices.get(slice)
    if (there) there.push(voxel)
    else slices.set(slice, [voxel])
  }
  return slices
}

function patchOf(voxels: readonly number[], shape: Triple): Patch {
  const places = voxels.map((voxel) => voxelOfIndex(voxel, shape))
  const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)]
  const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b))
  const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b))
  const [left, low] = [least(xs) - 1, least(ys) - 1]
  const [width, height] = [most(xs) - left + 2, most(ys) - low + 2]
  const patch = { left, low, width, height, inside: new Uint8Array(width * height) }
  return { ...patch, inside: within(patch, voxels, shape) }
}

function within(patch: Patch, voxels: readonly number[], shape: Triple): Uint8Array {
  const inside = new Uint8Array(patch.width * patch.height)
  for (const voxel of voxels) {
    const [x, y] = voxelOfIndex(voxel, shape)
    inside[x - patch.left + patch.width * (y - patch.low)] = 1
  }
  return inside
}

/** What is reached from a corner along the axes without crossing the inside. */
function floodedFromCorner({ width, height, inside }: Patch): Uint8Array {
  const outside = new Uint8Array(inside.length)
  const queue = [0]
  outside[0] = 1
  for (let at = 0; at < queue.length; at += 1) {
    const place = queue[at] ?? 0
    const x = place % width
    const next = [
      x > 0 ? place - 1 : -1,
      x < width - 1 ? place + 1 : -1,
      place - width,
      place + width < width * height ? place + width : -1,
    ]
    for (const other of next) {
      if (other < 0 || inside[other] || outside[other]) continue
      outside[other] = 1
      queue.push(other)
    }
  }
  return outside
}

/** Distance to the outline in mm at each place of a patch: below 0 inside. */
function distances(inside: Uint8Array, { width }: Patch, { affine }: Grid): Float64Array {
  const column = (axis: number): number =>
    Math.hypot(affine[axis] ?? 0, affine[4 + axis] ?? 0, affine[8 + axis] ?? 0)
  const [dx, dy] = [column(0), column(1)]
  const places = [...inside.keys()]
  const [lesion, rest] = [places.filter((at) => inside[at]), places.filter((at) => !inside[at])]
  return Float64Array.from(places, (at) => {
    const isInside = inside[at] === 1
    let least = Number.POSITIVE_INFINITY
    for (const other of isInside ? rest : lesion) {
      const across = ((at % width) - (other % width)) * dx
      const along = (Math.floor(at / width) - Math.floor(other / width)) * dy
      least = Math.min(least, across * across + along * along)
    }
    return isInside ? -Math.sqrt(least) : Math.sqrt(least)
  })
}

// What a round brush, a lasso and a knife cover on a slice. A slice lies across one axis of the grid;
// places are voxel indices with fractions.

import { type Grid, linearIndex, type Triple } from './grid'

export type Axis = 0 | 1 | 2

/** The two axes along a slice. */
function along(across: Axis): readonly [Axis, Axis] {
  return across === 2 ? [0, 1] : across === 1 ? [0, 2] : [1, 2]
}

/**
 * This will list the voxels of a slice within `radiusMm` of the way from one place to another,
 * and always the voxels that hold the two places.
 */
export function brushed(
  from: Triple,
  to: Triple,
  radiusMm: number,
  across: Axis,
  grid: Grid,
): number[] {
  const [u, v] = along(across)
  const slice = Math.round(to[across])
  const ends = [from, to]
  const reach = (axis: Axis): number => radiusMm / spacing(axis, grid) + 1
  const range = (axis: Axis): readonly [number, number] => [
    Math.max(0, Math.floor(Math.min(from[axis], to[axis]) - reach(axis))),
    Math.min((grid.shape[axis] ?? 1) - 1, Math.ceil(Math.max(from[axis], to[axis]) + reach(axis))),
  ]
  const [uLow, uHigh] = range(u)
  const [vLow, vHigh] = range(v)
  const way = inPlaneMm(to[u] - from[u], to[v] - from[v], u, v, grid)
  const length = dot(way, way)
  const found = new Set<number>()
  for (let j = vLow; j <= vHigh; j += 1) {
    for (let i = uLow; i <= uHigh; i += 1) {
      const here = inPlaneMm(i - from[u], j - from[v], u, v, grid)
      const share = length > 0 ? Math.max(0, Math.min(1, dot(here, way) / length)) : 0
      const apart: Triple = [
        here[0] - share * way[0],
        here[1] - share * way[1],
        here[2] - share * way[2],
      ]
      if (dot(apart, apart) > radiusMm * radiusMm) continue
      found.add(linearIndex(placed(u, i, v, j, across, slice), grid.shape))
    }
  }
  for (const end of ends) {
    found.add(
      linearIndex(placed(u, Math.round(end[u]), v, Math.round(end[v]), across, slice), grid.shape),
    )
  }
  found.delete(-1)
  return [...found]
}

/** This will list the voxels of a slice whose centres lie inside a closed line. */
export function lassoed(line: readonly Triple[], across: Axis, grid: Grid): number[] {
  const [u, v] = along(across)
  const slice = Math.round(line[0]?.[across] ?? 0)
  const found: number[] = []
  const rows = line.map((place) => place[v])
  const low = Math.max(0, Math.ceil(Math.min(...rows)))
  const high = Math.min((grid.shape[v] ?? 1) - 1, Math.floor(Math.max(...rows)))
  for (let j = low; j <= high; j += 1) {
    const crossings = line
      .flatMap((place, at) => {
        const next = line[(at + 1) % line.length] ?? place
        if (place[v] > j === next[v] > j) return []
        return [place[u] + ((j - place[v]) / (next[v] - place[v])) * (next[u] - place[u])]
      })
      .sort((one, other) => one - other)
    for (let at = 0; at + 1 < crossings.length; at += 2) {
      const last = Math.min((grid.shape[u] ?? 1) - 1, Math.floor(crossings[at + 1] ?? 0))
      for (let i = Math.max(0, Math.ceil(crossings[at] ?? 0)); i <= last; i += 1) {
        found.push(linearIndex(placed(u, i, v, j, across, slice), grid.shape))
      }
    }
  }
  return found
}

/**
 * This will list the voxels that a line drawn on a slice cuts, through all slices from `low` to
 * `high`. Its steps go along one axis at a time, so that nothing touches across it.
 */
export function cut(
  line: readonly Triple[],
  across: Axis,
  [low, high]: readonly [number, number],
  grid: Grid,
): number[] {
  const [u, v] = along(across)
  const found = new Set<number>()
  const through = (i: number, j: number): void => {
    for (let slice = low; slice <= high; slice += 1) {
      found.add(linearIndex(placed(u, i, v, j, across, slice), grid.shape))
    }
  }
  for (const [at, place] of line.entries()) {
    const next = line[at + 1] ?? place
    let [i, j] = [Math.round(place[u]), Math.round(place[v])]
    const [iEnd, jEnd] = [Math.round(next[u]), Math.round(next[v])]
    const [right, up] = [Math.abs(iEnd - i), Math.abs(jEnd - j)]
    let [movedRight, movedUp] = [0, 0]
    through(i, j)
    while (i !== iEnd || j !== jEnd) {
      if ((movedRight + 0.5) * up < (movedUp + 0.5) * right) {
        i += Math.sign(iEnd - i)
        movedRight += 1
      } else {
        j += Math.sign(jEnd - j)
        movedUp += 1
      }
      through(i, j)
    }
  }
  found.delete(-1)
  return [...found]
}

/** The distance of neighbouring voxels along an axis, in mm. */
export function spacing(axis: Axis, grid: Grid): number {
  return Math.hypot(grid.affine[axis] ?? 0, grid.affine[4 + axis] ?? 0, grid.affine[8 + axis] ?? 0)
}

function inPlaneMm(right: number, up: number, u: Axis, v: Axis, grid: Grid): Triple {
  const part = (row: number): number =>
    right * (grid.affine[4 * row + u] ?? 0) + up * (grid.affine[4 * row + v] ?? 0)
  return [part(0), part(1), part(2)]
}

function dot(one: Triple, other: Triple): number {
  return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]
}

function placed(u: Axis, i: number, v: Axis, j: number, across: Axis, slice: number): Triple {
  const voxel: [number, number, number] = [0, 0, 0]
  voxel[u] = i
  voxel[v] = j
  voxel[across] = slice
  return voxel
}

import { expect, test } from 'vitest'
import { type Grid, linearIndex } from './grid'
import { between, bridge, grown, holes } from './grow'
import { LesionMap } from './lesionMap'

const GRID: Grid = { shape: [24, 20, 8], affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1] }

function at(x: number, y: number, z: number): number {
  return linearIndex([x, y, z], GRID.shape)
}

function square(x: number, y: number, z: number, size: number): number[] {
  return Array.from({ length: size * size }, (_, n) =>
    at(x + (n % size), y + Math.floor(n / size), z),
  )
}

test('what grows takes all that hangs together, and nothing when it leaks', () => {
  const bright = new Set([...square(4, 4, 3, 3), ...square(7, 7, 4, 2), ...square(15, 4, 3, 3)])
  const isBright = (voxel: number): boolean => bright.has(voxel)
  const found = grown([at(5, 5, 3)], isBright, 20, GRID)
  expect(found?.sort()).toEqual([...square(4, 4, 3, 3), ...square(7, 7, 4, 2)].sort())
  expect(grown([at(5, 5, 3)], () => true, 4, GRID)).toBeNull()
})

test('a bridge joins two lesions into one', () => {
  const map = new LesionMap(GRID.shape)
  map.change([...square(2, 2, 1, 2), ...square(12, 9, 4, 2)], [])
  const [one = [], other = []] = [...map.lesions.values()]
  map.change(bridge(one, other, GRID), [])
  expect(map.lesions.size).toBe(1)
})

test('holes are what a lesion encloses on a slice', () => {
  const ring = square(3, 3, 2, 4).filter((voxel) => ![at(4, 4, 2), at(5, 5, 2)].includes(voxel))
  expect(holes(ring, GRID.shape).sort()).toEqual([at(4, 4, 2), at(5, 5, 2)].sort())
  const open = ring.filter((voxel) => voxel !== at(3, 4, 2))
  expect(holes(open, GRID.shape)).toEqual([at(5, 5, 2)])
})

test('between two slices an outline goes over into the other', () => {
  const [small, large] = [square(8, 8, 1, 2), square(6, 6, 4, 6)]
  const found = between(small, large, GRID)
  const on = (slice: number): number =>
    found.filter((voxel) => Math.floor(voxel / (24 * 20)) === slice).length
  expect(on(2)).toBeGreaterThanOrEqual(4)
  expect(on(3)).toBeGreaterThan(on(2))
  expect(on(3)).toBeLessThan(36)
  expect([on(1), on(4)]).toEqual([0, 0])
  const map = new LesionMap(GRID.shape)
  map.change([...small, ...large, ...found], [])
  expect(map.lesions.size).toBe(1)
  expect(between(square(8, 8, 1, 2), square(6, 6, 2, 6), GRID)).toEqual([])
})

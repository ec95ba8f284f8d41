import { expect, test } from 'vitest'
import { brushed, cut, lassoed } from '../voxels/brush'
import { type Grid, linearIndex, type Triple } from '../voxels/grid'
import { LesionMap } from '../voxels/lesionMap'
import { runsOf, voxelDigest, voxelsOf } from '../voxels/runs'
import { Drawn } from './drawn'
import type { Edit } from './history'
import { rethresholded } from './threshold'

const GRID: Grid = { shape: [24, 20, 8], affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1] }

function at(x: number, y: number, z: number): number {
  return linearIndex([x, y, z], GRID.shape)
}

function block(x: number, y: number, z: number, size = 3): number[] {
  const voxels: number[] = []
  for (let j = 0; j < size; j += 1)
    for (let i = 0; i < size; i += 1) voxels.push(at(x + i, y + j, z))
  return voxels
}

function begin(edits: readonly Edit[] = [], start: Uint8Array | null = null) {
  const log: Edit[] = [...edits]
  const onEdit = (edit: Edit): void => void log.push(edit)
  return { drawn: new Drawn({ grid: GRID, start, edits, minMm3: 10.7, onEdit }), log }
}

/** A mask's parts, found the slow way. */
function parts(map: LesionMap): string[] {
  const whole = new LesionMap(map.shape, map.labels)
  return [...whole.lesions.values()].map((voxels) => runsOf(voxels).join()).sort()
}

test('runs and their voxels, and the digest that the server computes', () => {
  expect(runsOf([7, 3, 4, 12])).toEqual([3, 2, 7, 1, 12, 1])
  expect(voxelsOf([3, 2, 7, 1])).toEqual([3, 4, 7])
  expect(voxelDigest(0)).toBe(4068589060)
  expect((voxelDigest(0) ^ voxelDigest(23)) >>> 0).toBe(3988564929)
})

test('whatever is drawn, undone and redone, lesions are what a fresh look finds', () => {
  const { drawn, log } = begin()
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 48271) % 2147483647
    return seed % below
  }
  for (let step = 0; step < 120; step += 1) {
    const voxels = block(random(20), random(16), random(8), 1 + random(4))
    const act = random(6)
    if (act < 3) drawn.change('brush', voxels)
    else if (act < 4) drawn.change('erase', [], voxels)
    else if (act < 5) drawn.undo()
    else drawn.redo()
    const there = [...drawn.map.lesions.values()].map((lesion) => runsOf(lesion).join()).sort()
    expect(there).toEqual(parts(drawn.map))
  }
  const again = begin(log).drawn
  expect(again.map.digest).toBe(drawn.map.digest)
  expect(again.map.voxels).toBe(drawn.map.voxels)
  expect([again.canUndo, again.canRedo]).toEqual([drawn.canUndo, drawn.canRedo])
})

test('a lesion keeps its number, and is flagged below the size that counts', () => {
  const { drawn } = begin()
  drawn.change('brush', block(2, 2, 3))
  drawn.change('brush', block(12, 2, 3, 1))
  const [first, second] = drawn.lesions
  expect([first?.voxels, first?.mm3, first?.isSmall]).toEqual([9, 27, false])
  expect([second?.mm3, second?.isSmall]).toEqual([3, true])
  drawn.change('brush', block(5, 2, 3))
  expect(drawn.lesion(first?.id ?? 0).voxels).toBe(18)
  drawn.accept(first?.id ?? 0)
  expect(drawn.lesions.map(({ isAccepted }) => isAccepted)).toEqual([true, false])
  drawn.undo()
  expect(drawn.lesion(first?.id ?? 0).isAccepted).toBe(false)
})

test('lesions are listed from below to above, however they were drawn', () => {
  const { drawn } = begin()
  drawn.change('brush', block(2, 2, 5))
  drawn.change('brush', block(12, 2, 3))
  drawn.change('brush', [...block(2, 2, 4), ...block(2, 2, 3), ...block(2, 2, 2)])
  expect(drawn.lesions.map(({ id }) => id)).toEqual([1, 2])
  drawn.change('brush', block(12, 2, 1), block(12, 2, 3))
  expect(drawn.lesions.map(({ id }) => id)).toEqual([2, 1])
})

test('lesions that were there before are numbered as they are listed, whatever their size', () => {
  const { drawn: before } = begin()
  before.change('brush', block(12, 2, 6, 4))
  before.change('brush', block(2, 2, 3, 1))
  before.change('brush', block(2, 8, 3, 2))
  const start = Uint8Array.from(before.map.labels)
  expect(begin([], start).drawn.lesions.map(({ id }) => id)).toEqual([1, 2, 3])
})

test('a lesion drawn anew from its map leaves the others alone', () => {
  const { drawn } = begin()
  drawn.change('brush', block(4, 4, 3))
  drawn.change('brush', block(10, 4, 3))
  const likely = new Float32Array(24 * 20 * 8)
  for (let x = 2; x < 14; x += 1) likely[at(x, 5, 3)] = x < 7 ? 0.8 : 0.4
  const lesion = drawn.map.voxelsOf(drawn.map.labels[at(4, 4, 3)] ?? 0)
  const tight = rethresholded(lesion, likely, 0.7, drawn.map, GRID)
  expect(tight?.sort()).toEqual([2, 3, 4, 5, 6].map((x) => at(x, 5, 3)).sort())
  const wide = rethresholded(lesion, likely, 0.3, drawn.map, GRID)
  expect(wide).toContain(at(8, 5, 3))
  expect(wide).not.toContain(at(9, 5, 3)) // it would touch the other one
  expect(rethresholded(lesion, likely, 0.9, drawn.map, GRID)).toEqual([])
})

test('a brush is round in millimetres and stays on its slice', () => {
  const thick: Grid = { ...GRID, affine: [0.5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1] }
  const middle: Triple = [12, 10, 4]
  const axial = brushed(middle, middle, 2, 2, thick)
  expect(axial).toContain(at(8, 10, 4))
  expect(axial).not.toContain(at(7, 10, 4))
  expect(axial).toContain(at(12, 12, 4))
  expect(axial).not.toContain(at(12, 13, 4))
  expect(axial.every((voxel) => Math.floor(voxel / (24 * 20)) === 4)).toBe(true)
  expect(brushed(middle, middle, 2, 1, thick)).not.toContain(at(12, 10, 5)) // 3 mm up
  expect(brushed(middle, middle, 3, 1, thick)).toContain(at(12, 10, 5))
  expect(brushed(middle, middle, 0.1, 2, thick)).toEqual([at(12, 10, 4)])
  const stroke = brushed([2, 10, 4], [20, 10, 4], 0.4, 2, GRID)
  expect(stroke).toHaveLength(19)
  expect(brushed([-3, -3, 4], [-3, -3, 4], 1, 2, GRID)).toEqual([])
})

test('a lasso takes what lies inside it', () => {
  const square: Triple[] = [
    [1.5, 1.5, 2],
    [4.5, 1.5, 2],
    [4.5, 4.5, 2],
    [1.5, 4.5, 2],
  ]
  expect(lassoed(square, 2, GRID).sort()).toEqual(block(2, 2, 2).sort())
})

test('a cut leaves nothing that touches across it, corners included', () => {
  const map = new LesionMap(GRID.shape)
  map.change([...block(4, 4, 3, 10), ...block(4, 4, 4, 10)], [])
  const line = cut(
    [
      [2, 3, 3],
      [9, 9.4, 3],
      [15, 16, 3],
    ],
    2,
    [3, 4],
    GRID,
  )
  map.change(
    [],
    line.filter((voxel) => map.has(voxel)),
  )
  expect(map.lesions.size).toBe(2)
})

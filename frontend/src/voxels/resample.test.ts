import { expect, test } from 'vitest'
import type { Grid } from './grid'
import { niftiFile, resampled } from './resample'

const at = async (): Promise<void> => {}
// Half-millimetre voxels whose values are 10 x + y + 100 z in millimetres, shifted and mirrored.
const source: Grid = {
  shape: [9, 9, 5],
  affine: [-0.5, 0, 0, 3, 0, 0.5, 0, -1, 0, 0, 1, -2, 0, 0, 0, 1],
}
const target: Grid = {
  shape: [3, 2, 2],
  affine: [1, 0, 0, -0.25, 0, 1, 0, 0.3, 0, 0, 1.5, -1.7, 0, 0, 0, 1],
}

function plane(grid: Grid): number[] {
  const made: number[] = []
  const [a, , , b, , c, , d, , , e, f] = grid.affine
  for (let k = 0; k < grid.shape[2]; k += 1)
    for (let j = 0; j < grid.shape[1]; j += 1)
      for (let i = 0; i < grid.shape[0]; i += 1)
        made.push(
          10 * ((a ?? 0) * i + (b ?? 0)) +
            (c ?? 0) * j +
            (d ?? 0) +
            100 * ((e ?? 0) * k + (f ?? 0)),
        )
  return made
}

test('a place has the same value on either grid', async () => {
  const made = await resampled(plane(source), source, target, at)
  for (const [index, value] of plane(target).entries()) expect(made[index]).toBeCloseTo(value, 3)
})

test('outside the scan it is dark, and the page may breathe between slices', async () => {
  let pauses = 0
  const away: Grid = { ...target, affine: target.affine.with(3, 500) }
  const made = await resampled(plane(source), source, away, async () => {
    pauses += 1
  })
  expect([...made].every((value) => value === 0)).toBe(true)
  expect(pauses).toBe(2)
})

test('what is written says its geometry', () => {
  const view = new DataView(niftiFile(new Float32Array(12), target))
  expect([0, 2, 4, 6].map((at) => view.getInt16(40 + at, true))).toEqual([3, 3, 2, 2])
  expect(view.getFloat32(88, true)).toBe(1.5)
  expect(view.getFloat32(292, true)).toBe(-0.25)
})

import { expect, test } from 'vitest'
import { type Grid, linearIndex } from '../voxels/grid'
import { segmented } from './growing'
import { FIRST_SETTINGS } from './palette'

const GRID: Grid = { shape: [24, 20, 8], affine: [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1] }
const LESION = [5, 6, 7].map((x) => linearIndex([x, 5, 3], GRID.shape))
const [SEED = 0] = LESION

function filled(background: number, lesion: number): Float32Array {
  const values = new Float32Array(24 * 20 * 8).fill(background)
  for (const voxel of LESION) values[voxel] = lesion
  return values
}

test('a click takes the whole lesion by its grey level', () => {
  const found = segmented(SEED, filled(100, 200), null, FIRST_SETTINGS, GRID)
  expect([...found].sort()).toEqual([...LESION].sort())
})

test('what leaks further than the reach is refused, with what to change', () => {
  const scan = filled(190, 200)
  expect(segmented(SEED, scan, null, FIRST_SETTINGS, GRID)).toContain('beyond 20 mm')
  const strict = { ...FIRST_SETTINGS, tolerance: 2 }
  expect(segmented(SEED, scan, null, strict, GRID)).toHaveLength(3)
})

test('by the map of the method it takes what is as likely, whatever the grey level', () => {
  const byMap = { ...FIRST_SETTINGS, by: 'map' } as const
  expect(segmented(SEED, filled(100, 100), filled(0, 0.3), byMap, GRID)).toHaveLength(3)
  expect(segmented(SEED, filled(100, 200), filled(0.3, 0.3), byMap, GRID)).toContain('as likely')
  expect(segmented(SEED, filled(100, 200), filled(0, 0), byMap, GRID)).toContain('saw no lesion')
})

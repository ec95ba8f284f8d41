import 'fake-indexeddb/auto'
import { expect, test, vi } from 'vitest'
import { openOutboxStore } from '../saving/outboxStore'
import type { Grid } from '../voxels/grid'
import { Drawn } from './drawn'
import { FIRST_SETTINGS } from './palette'
import { Strokes } from './strokes'

const GRID: Grid = { shape: [24, 20, 8], affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1] }

/** An editor's strokes, each edit of which is in the browser's store when the test says so. */
async function begin() {
  const store = await openOutboxStore('strokes')
  const drawn = new Drawn({ grid: GRID, start: null, edits: [], minMm3: 0, onEdit: () => {} })
  const page = { owner: 'dana', key: 'drawing', login: '', home: '' }
  const [scan, layer] = [
    { grid: GRID, values: new Float32Array(24 * 20 * 8) },
    { paintStroke: () => {} },
  ]
  const storing: (() => void)[] = []
  const editsKept = (): Promise<void> => new Promise((resolve) => void storing.push(resolve))
  const strokes = new Strokes(scan, drawn, layer, FIRST_SETTINGS, store, page, () => {}, editsKept)
  /** Press and draw around a voxel, until a copy is in the browser. */
  const draw = async (x: number, y: number): Promise<void> => {
    const place = { index: [x, y, 3], plane: 0 } as const
    const before = JSON.stringify(await store.stroke('dana', 'drawing'))
    strokes.press({ ...place, mm: [x, y, 9] }, false)
    await vi.waitUntil(async () => JSON.stringify(await store.stroke('dana', 'drawing')) !== before)
  }
  return { store, drawn, strokes, storing, draw }
}

test('the copy of a stroke goes when its edit is kept, not before, and never that of the next', async () => {
  const { store, drawn, strokes, storing, draw } = await begin()
  await draw(5, 5)
  strokes.lift()
  expect(drawn.map.voxels).toBeGreaterThan(0)
  expect(await store.stroke('dana', 'drawing')).not.toBeNull()

  await draw(15, 10) // while the first is still being stored
  const second = await store.stroke('dana', 'drawing')
  storing.shift()?.()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(await store.stroke('dana', 'drawing')).toEqual(second)

  strokes.lift()
  storing.shift()?.()
  await vi.waitUntil(async () => (await store.stroke('dana', 'drawing')) === null)
})

test('a stroke that an earlier page did not come to the end of is one edit of the next', async () => {
  const earlier = await begin()
  await earlier.draw(5, 5)

  const { store, drawn, strokes, storing } = await begin()
  const finished = strokes.finishKept()
  await vi.waitUntil(() => storing.length > 0)
  expect(drawn.map.voxels).toBeGreaterThan(0)
  expect(await store.stroke('dana', 'drawing')).not.toBeNull()
  storing.shift()?.()
  await finished
  expect(await store.stroke('dana', 'drawing')).toBeNull()
})

import { expect, test } from 'vitest'
import { lesionAt, paintLabels, readLabels, shownLesions, slicesWithLesions } from './labels'
import { Coverage, steppedSlice, WheelSteps } from './slices'
import { draggedWindow, percentileWindow } from './window'

function labelFile(shape: [number, number, number], labels: number[]): ArrayBuffer {
  const file = new ArrayBuffer(352 + 2 * labels.length)
  const view = new DataView(file)
  view.setInt32(0, 348, true)
  shape.forEach((size, axis) => {
    view.setInt16(42 + 2 * axis, size, true)
  })
  view.setInt16(70, 512, true)
  view.setFloat32(108, 352, true)
  view.setFloat32(280, 1, true)
  view.setFloat32(280 + 20, 1, true)
  view.setFloat32(280 + 40, 3, true)
  new Uint16Array(file, 352).set(labels)
  return file
}

const volume = readLabels(labelFile([2, 2, 3], [0, 1, 0, 0, 0, 1, 0, 300, 0, 0, 0, 0]))

test('lesion ids are read at their voxels, nothing outside the grid', () => {
  expect(lesionAt([1, 0, 0], volume)).toBe(1)
  expect(lesionAt([1, 1, 1], volume)).toBe(300)
  expect(lesionAt([0, 0, 0], volume)).toBe(0)
  expect(lesionAt([5, 0, 0], volume)).toBe(0)
  expect([...slicesWithLesions(volume)]).toEqual([0, 1])
})

test('a file that is no mask, or not all of it, is refused', () => {
  expect(() => readLabels(new ArrayBuffer(10))).toThrow('not a NIfTI')
  const short = labelFile([2, 2, 3], [0, 1]).slice(0)
  expect(() => readLabels(short)).toThrow('completely')
  const other = labelFile([2, 2, 3], new Array(12).fill(0))
  new DataView(other).setInt16(70, 4, true)
  expect(() => readLabels(other)).toThrow('lesion ids')
})

test('marked lesions are painted apart from drawn ones', () => {
  const bitmap = new Uint8Array(12)
  paintLabels(volume.labels, new Set([300]), bitmap)
  expect([...bitmap]).toEqual([0, 1, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0])
  expect(shownLesions(volume.labels, bitmap)).toEqual({ lesion: 1, fp: 1 })
})

test('slices stay in the stack, and a trackpad does not race', () => {
  expect(steppedSlice(2, -5, 36)).toBe(0)
  expect(steppedSlice(34, 5, 36)).toBe(35)
  const wheel = new WheelSteps()
  expect(wheel.take(100)).toBe(1)
  const small = Array.from({ length: 20 }, () => wheel.take(5))
  expect(small.reduce((sum, step) => sum + step, 0)).toBe(2)
  expect(wheel.take(-5)).toBe(-0)
})

test('coverage counts each slice once and nothing outside', () => {
  const coverage = new Coverage(4, [0, 300])
  coverage.see(3)
  coverage.see(2.5)
  expect(coverage.count).toBe(2)
  expect(coverage.list).toEqual([0, 300, 0, 1])
  coverage.see(1, 200)
  coverage.see(9, 200)
  expect(coverage.list).toEqual([0, 500, 0, 1])
})

test('the first window depends on the voxels alone', () => {
  const values = Array.from({ length: 10_001 }, (_, at) => at)
  const { low, high } = percentileWindow(values)
  expect(low).toBeCloseTo(200, -1)
  expect(high).toBeCloseTo(9970, -1)
  expect(percentileWindow([0, 0])).toEqual({ low: 0, high: 1 })
  expect(percentileWindow([7, 7])).toEqual({ low: 0, high: 7 })
  const wide = draggedWindow({ low: 0, high: 100 }, { low: 0, high: 1000 }, 0.1, 0)
  expect(wide).toEqual({ low: -50, high: 150 })
  const narrow = draggedWindow({ low: 0, high: 100 }, { low: 0, high: 1000 }, -5, 0)
  expect(narrow.high - narrow.low).toBe(5)
})

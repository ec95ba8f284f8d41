// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { drawChart, extent, ticks } from './plot'

test('ticks are round and lie within', () => {
  expect(ticks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
  expect(ticks(0, 30, 8)).toEqual([0, 5, 10, 15, 20, 25, 30])
  expect(ticks(0.63, 0.71, 4)).toEqual([0.64, 0.66, 0.68, 0.7])
  expect(ticks(2, 2, 4)).toEqual([2])
  expect(ticks(0, 2, 6, 1)).toEqual([0, 1, 2])
})

test('an extent has room, but not below 0, also around one value; it is 0 to 1 without any', () => {
  expect(extent([])).toEqual([0, 1])
  expect(extent([1, 2])).toEqual([0.94, 2.06])
  expect(extent([0])).toEqual([0, 0.025])
  const [low, high] = extent([1.954, 1.957])
  expect(ticks(low, high, 5)).toEqual([1.94, 1.95, 1.96, 1.97, 1.98])
})

test('a chart says what it shows and draws every point where it belongs', () => {
  const points = [
    { x: 1, y: 0.5 },
    { x: 2, y: 1 },
  ]
  const chart = drawChart({
    label: 'Dice by epoch',
    xTitle: 'Epoch',
    yTitle: 'Dice',
    xRange: [0, 2],
    yRange: [0, 1],
    lines: [{ name: 'validation', points }],
    mark: { x: 2, text: 'best' },
  })
  expect(chart.getAttribute('aria-label')).toBe('Dice by epoch')
  const dots = [...chart.querySelectorAll('circle')].map((dot) => [
    Number(dot.getAttribute('cx')),
    Number(dot.getAttribute('cy')),
  ])
  expect(dots).toEqual([
    [261, 95],
    [464, 14],
  ])
  expect(chart.querySelector('polyline')?.getAttribute('points')).toBe('261.0,95.0 464.0,14.0')
  expect(chart.textContent).toContain('best')
})

test('an empty chart has axes and no line', () => {
  const chart = drawChart({ label: 'x', xTitle: 'x', yTitle: 'y', lines: [] })
  expect(chart.querySelectorAll('circle, polyline')).toHaveLength(0)
  expect(chart.querySelectorAll('.axis')).toHaveLength(1)
})

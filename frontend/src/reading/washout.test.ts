import { expect, test } from 'vitest'
import { askAgainIn } from './washout'

const END = '2026-03-16T12:00:00Z'
const at = (time: string): number => askAgainIn(END, Date.parse(time))

test('a long pause is asked about now and then, the last minutes to the second', () => {
  expect(at('2026-03-02T12:00:00Z')).toBe(15 * 60_000)
  expect(at('2026-03-16T11:58:00Z')).toBe(121_000)
  expect(at('2026-03-16T11:59:59.5Z')).toBe(1500)
})

test('with a clock that runs ahead the server is asked once a minute, not every second', () => {
  expect(at('2026-03-16T12:00:01Z')).toBe(60_000)
  expect(at('2026-03-20T12:00:00Z')).toBe(60_000)
  expect(askAgainIn('no time at all', 0)).toBe(60_000)
})

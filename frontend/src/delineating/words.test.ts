import { expect, test } from 'vitest'
import type { Assignment, DelineationTask } from '../api/types'
import { nextOpening, nextTask, standingText, taskText } from './words'

const say = (at: string): string => at.slice(0, 10)

function task(number: number, state: DelineationTask['state'], available_at: string | null = null) {
  return { delineation: `t${number}`, number, state, available_at }
}

function share(step_1: DelineationTask[], step_2: DelineationTask[], state: Assignment['state']) {
  const done = [...step_1, ...step_2].filter((one) => one.state === 'submitted').length
  const total = step_1.length + step_2.length
  const texts = { assignment: 'a', title: 'Test set', instructions: '' }
  return { ...texts, state, interval_days: 30, done, total, step_1, step_2 }
}

test('a case that is begun comes first, then the first that is ready', () => {
  const both = share([task(1, 'submitted'), task(2, 'ready')], [task(1, 'open')], 'open')
  expect(nextTask(both)?.delineation).toBe('t1')
  expect(nextTask(both)?.state).toBe('open')
  expect(nextTask(share([task(1, 'submitted')], [task(1, 'others')], 'open'))).toBe(null)
})

test('who can do nothing is told why, and until when', () => {
  const others = share([task(1, 'submitted')], [task(1, 'others')], 'open')
  expect(standingText(others, say, 'UTC')).toContain('when your colleagues have finished')
  const waiting = share(
    [task(1, 'submitted'), task(2, 'submitted')],
    [task(1, 'interval', '2026-05-02T08:00:00Z'), task(2, 'interval', '2026-04-30T08:00:00+02:00')],
    'open',
  )
  expect(nextOpening(waiting)).toBe('2026-04-30T08:00:00+02:00')
  expect(standingText(waiting, say, 'UTC')).toContain('opens on 2026-04-30 (UTC)')
  const last = waiting.step_2.map((one) => taskText(one, say))
  expect(last).toEqual(['opens on 2026-05-02', 'opens on 2026-04-30'])
})

test('the end is said as it came', () => {
  const done = share([task(1, 'submitted')], [task(1, 'submitted')], 'finished')
  expect(standingText(done, say, 'UTC')).toBe(
    'Thank you: all of your cases are submitted. Nothing is left to do.',
  )
  const closed = share([task(1, 'submitted')], [task(1, 'closed')], 'closed')
  expect(standingText(closed, say, 'UTC')).toContain('1 case of yours is stored')
  const left = share([task(1, 'submitted')], [task(1, 'left')], 'left')
  expect(standingText(left, say, 'UTC')).toContain('(1 case) is stored and counts')
  expect(left.step_2.map((one) => taskText(one, say))).toEqual(['not submitted before you left'])
  expect(nextTask(left)).toBe(null)
})

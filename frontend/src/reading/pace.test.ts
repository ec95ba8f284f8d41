import { expect, test } from 'vitest'
import { Pace } from './pace'

function read(pace: Pace, clock: { at: number }, minutes: number, pause = 0): void {
  clock.at += (minutes + pause) * 60_000
  pace.note(minutes * 60_000)
}

test('what is left is told from the third presentation on, by the middle one', () => {
  const clock = { at: 0 }
  const pace = new Pace(() => clock.at)
  for (const minutes of [2, 30]) {
    read(pace, clock, minutes)
    expect(pace.words({ done: 2, total: 10 }).left).toBe('')
  }
  read(pace, clock, 3)
  expect(pace.words({ done: 3, total: 10 }).left).toBe('About 21 min left at your pace')
  expect(pace.words({ done: 3, total: 103 }).left).toBe('About 5.0 hours left at your pace')
  expect(pace.words({ done: 10, total: 10 }).left).toBe('')
})

test('a break is proposed after forty minutes without one', () => {
  const clock = { at: 0 }
  const pace = new Pace(() => clock.at)
  const said = () => pace.words({ done: 1, total: 9 }).pause
  for (let turn = 0; turn < 3; turn += 1) read(pace, clock, 13)
  expect(said()).toBe('')
  read(pace, clock, 1)
  expect(said()).toContain('reading for 40 minutes')
  clock.at += 6 * 60_000
  expect(said()).toBe('')
  read(pace, clock, 2, 0)
  expect(said()).toBe('')
})

test('practice is no pace, but it counts until a break', () => {
  const clock = { at: 0 }
  const pace = new Pace(() => clock.at)
  for (let turn = 0; turn < 3; turn += 1) {
    clock.at += 14 * 60_000
    pace.note(14 * 60_000, true)
  }
  expect(pace.words({ done: 0, total: 10 }).left).toBe('')
  expect(pace.words({ done: 0, total: 10 }).pause).toContain('reading for 42 minutes')
  for (let turn = 0; turn < 3; turn += 1) read(pace, clock, 2)
  expect(pace.words({ done: 3, total: 10 }).left).toBe('About 14 min left at your pace')
})

// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { timeFormat, timeZoneName } from './time'

function chosen(zone: string): void {
  document.documentElement.dataset.timeZone = zone
}

afterEach(() => {
  delete document.documentElement.dataset.timeZone
})

describe('a time on a page', () => {
  it('is told in the zone of the person, not in that of the browser', () => {
    const noon = '2026-01-15T12:00:00Z'
    chosen('Asia/Tokyo')
    expect(timeFormat({ dateStyle: 'medium', timeStyle: 'short' })(noon)).toBe('15 Jan 2026, 21:00')
    chosen('America/New_York')
    expect(timeFormat({ dateStyle: 'medium', timeStyle: 'short' })(noon)).toBe('15 Jan 2026, 07:00')
  })

  it('follows the change to summer time and back', () => {
    chosen('Europe/Rome')
    const time = timeFormat({ timeStyle: 'short' })
    expect([time('2026-03-29T00:59:00Z'), time('2026-03-29T01:00:00Z')]).toEqual(['01:59', '03:00'])
    expect([time('2026-10-25T00:59:00Z'), time('2026-10-25T01:00:00Z')]).toEqual(['02:59', '02:00'])
  })

  it('is on the next day where midnight has passed', () => {
    chosen('Pacific/Auckland')
    expect(timeFormat({ dateStyle: 'long' })(new Date('2026-12-31T12:00:00Z'))).toBe(
      '1 January 2027',
    )
  })

  it('is told in the zone of the browser where the chosen one is unknown', () => {
    chosen('Middle/Earth')
    const here = timeFormat({ timeStyle: 'short' })('2026-01-15T12:00:00Z')
    delete document.documentElement.dataset.timeZone
    expect(here).toBe(timeFormat({ timeStyle: 'short' })('2026-01-15T12:00:00Z'))
  })

  it('can be named with its zone', () => {
    chosen('Europe/Rome')
    expect(timeZoneName()).toBe('Europe/Rome')
  })
})

// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ReferenceStudy } from '../api/types'
import { showDraft } from './draft'

const STUDY = {
  id: 's',
  revision: 'the first',
  title: 'A reference',
  state: 'draft',
  design: {
    ...{ interval_days: 180, min_volume_mm3: 5, reach_mm: 5, shams_per_case: 0 },
    ...{ cases: ['C1', 'C2'], delineators: ['dana', 'cora'], methods: ['slim-unet'] },
  },
} as unknown as ReferenceStudy

const CHOICES = {
  cases: [{ code: 'C1', subject: '', methods: [] }],
  people: [{ username: 'dana', name: '' }],
  methods: [],
}

interface Sent {
  readonly title: string
  readonly design: Record<string, unknown>
  readonly revision: string
  readonly follows: string[]
}
const sent: Sent[] = []
/** Of the draft that the server has. */
let there: string

beforeEach(async () => {
  vi.useFakeTimers()
  sent.length = 0
  there = STUDY.revision
  vi.stubGlobal('fetch', async (_: string, asked: { method: string; body: string }) => {
    if (asked.method === 'GET') return Response.json(CHOICES)
    const change: Sent = JSON.parse(asked.body)
    sent.push(change)
    if (!change.follows.includes(there))
      return Response.json({ code: 'DraftChanged', message: 'In another tab.' }, { status: 409 })
    there = change.revision
    const given = Object.entries(change.design).filter(([, value]) => value !== null)
    const design = { ...STUDY.design, ...Object.fromEntries(given) }
    return Response.json({ ...STUDY, revision: there, title: change.title, design })
  })
  document.body.replaceChildren(document.createElement('div'))
  const root = document.body.firstElementChild as HTMLElement
  await showDraft(root, STUDY, { study: '/s/', studies: '/' } as never, async () => undefined)
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const state = () => document.querySelector('.draft-state')?.textContent

/** The field of a rule, by its label. */
function field(label: string): HTMLInputElement {
  const found = [...document.querySelectorAll('label')].find((one) => one.textContent === label)
  return document.getElementById(found?.htmlFor ?? '') as HTMLInputElement
}

async function write(label: string, text: string): Promise<void> {
  field(label).value = text
  field(label).dispatchEvent(new Event('input', { bubbles: true }))
  await vi.advanceTimersByTimeAsync(1000)
}

test('changes follow each other', async () => {
  await write('Interval (days)', '30')
  await write('Interval (days)', '31')
  expect(sent.map(({ follows }) => follows)).toEqual([['the first'], [sent[0]?.revision]])
  expect(state()).toBe('All changes are saved.')
})

test('an emptied number goes back to the default, which is shown', async () => {
  await write('Reach of a dot (mm)', '')
  expect(sent.at(-1)?.design.reach_mm).toBeNull()
  expect(field('Reach of a dot (mm)').value).toBe('5')
})

test('what somebody else changed is not overwritten', async () => {
  there = 'of somebody else'
  await write('Interval (days)', '30')
  expect(state()).toBe('Not saved.In another tab.')
  await vi.advanceTimersByTimeAsync(600_000)
  expect(sent).toHaveLength(1)
  expect(field('Interval (days)').value).toBe('30')
})

test('what was chosen and cannot be chosen here is seen and kept', async () => {
  expect(document.body.textContent).toContain('cora (cannot delineate if you open the study)')
  await write('Interval (days)', '30')
  const { cases, delineators, methods } = sent.at(-1)?.design ?? {}
  expect([cases, delineators, methods]).toEqual([['C1', 'C2'], ['dana', 'cora'], ['slim-unet']])
})

test('a decimal comma is taken, and what is no number is said at its field', async () => {
  const reach = field('Reach of a dot (mm)')
  await write('Reach of a dot (mm)', '7 mm')
  expect(sent).toEqual([])
  expect(reach.getAttribute('aria-invalid')).toBe('true')
  await write('Reach of a dot (mm)', '7,5')
  expect(sent.at(-1)?.design.reach_mm).toBe(7.5)
  expect(reach.hasAttribute('aria-invalid')).toBe(false)
})

// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Study } from '../api/types'
import { showDraft } from './draft'

const STUDY = {
  id: 's',
  title: 'A study',
  state: 'draft',
  items: [],
  raters: [],
  practice: [],
  design: { gap: 4, washout_days: 0, instructions: '' },
  meaning: {
    presentations_per_rater: 0,
    presentations: 0,
    hours_per_rater: [],
    expected_interval: [],
    claims: [],
    tolerance: [],
    warnings: [],
  },
} as unknown as Study

const sent: { design: Record<string, unknown> }[] = []

beforeEach(async () => {
  vi.useFakeTimers()
  sent.length = 0
  vi.stubGlobal('fetch', async (_: string, { method, body }: { method: string; body: string }) => {
    if (method === 'PATCH') sent.push(JSON.parse(body))
    return Response.json(method === 'PATCH' ? STUDY : { segmentations: [], users: [] })
  })
  document.body.replaceChildren(document.createElement('div'))
  const root = document.body.firstElementChild as HTMLElement
  await showDraft(root, STUDY, { study: '/s/', studies: '/' }, async () => undefined)
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function write(id: string, text: string): Promise<unknown> {
  const field = document.getElementById(id) as HTMLInputElement
  field.value = text
  field.dispatchEvent(new Event('input', { bubbles: true }))
  await vi.advanceTimersByTimeAsync(1000)
  return sent.at(-1)?.design.gap
}

test('a gap that nobody edits here stays as it is stored', async () => {
  expect(await write('instructions', 'Take your time.')).toBeUndefined()
})

test('a gap is sent as written, also when the field has lost the focus, and ever after', async () => {
  expect(await write('gap', '3')).toBe(3)
  expect(await write('instructions', 'Take your time.')).toBe(3)
})

test('an emptied gap goes back to the default', async () => {
  expect(await write('gap', '')).toBeNull()
  expect(await write('instructions', 'Take your time.')).toBeUndefined()
})

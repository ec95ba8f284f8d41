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
  design: {
    gap: 4,
    washout_days: 0,
    instructions: '',
    precision_threshold: [9, 10],
    recall_threshold: [2, 3],
  },
  meaning: {
    presentations_per_rater: 0,
    presentations: 0,
    hours_per_rater: [],
    expected_interval: [],
    claims: [],
    tolerance: [],
    faults: {},
    warnings: [],
  },
} as unknown as Study

const sent: { design: Record<string, unknown> }[] = []
let answer: () => Response
/** What the server has, whoever put it there. */
let there: Study

beforeEach(async () => {
  vi.useFakeTimers()
  sent.length = 0
  answer = () => Response.json({ ...STUDY, design: { ...STUDY.design, ...sent.at(-1)?.design } })
  there = STUDY
  vi.stubGlobal('fetch', async (url: string, asked: { method: string; body: string }) => {
    if (asked.method === 'PATCH') {
      sent.push(JSON.parse(asked.body))
      return answer()
    }
    const isList = url.includes('candidates')
    return Response.json(isList ? { segmentations: [], users: [] } : there)
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

test('a number that is emptied and left before it is sent goes back to the default, too', async () => {
  expect(await write('gap', '3')).toBe(3)
  const gap = field('gap')
  gap.value = ''
  gap.dispatchEvent(new Event('input', { bubbles: true }))
  gap.dispatchEvent(new FocusEvent('focusout', { bubbles: true }))
  await vi.advanceTimersByTimeAsync(1000)
  expect(sent.at(-1)?.design.gap).toBeNull()
})

const field = (id: string) => document.getElementById(id) as HTMLInputElement

/** The thresholds that were sent last. */
function thresholds(): unknown[] {
  const design = sent.at(-1)?.design
  return [design?.precision_threshold, design?.recall_threshold]
}

test('thresholds are shown in per cent, and stay as they are stored unless edited', async () => {
  expect(field('precision_threshold').value).toBe('90')
  expect(field('recall_threshold').value).toBe('66.7')
  await write('instructions', 'Take your time.')
  expect(thresholds()).toEqual([undefined, undefined])
  expect(document.body.textContent).toContain('Exactly 90 % precision or 2/3 recall')
})

test('an edited threshold is sent in lowest terms, and all words follow it', async () => {
  for (const [percent, fraction] of [
    ['90', [9, 10]],
    ['92.5', [37, 40]],
    ['0', [0, 1]],
    ['100', [1, 1]],
    ['-5', [-1, 20]],
    ['', null],
    ['80', [4, 5]],
  ] as const) {
    await write('precision_threshold', percent)
    expect(thresholds()).toEqual([fraction, undefined])
  }
  await write('recall_threshold', '80')
  expect(document.querySelector('label[for=boundary_policy]')?.textContent).toBe('Exactly 80 %')
  expect(document.body.textContent).toContain(
    'more than 80 % of the drawn lesions are right and more than 80 % of the true ones are drawn',
  )
})

test('a threshold that is put back is the fraction that was stored', async () => {
  await write('recall_threshold', '70')
  expect(thresholds()).toEqual([undefined, [7, 10]])
  await write('recall_threshold', '66.7')
  expect(thresholds()).toEqual([undefined, [2, 3]])
})

test('a refused threshold says at its field why, until it is right', async () => {
  const reason = 'A threshold lies above 0 % and below 100 %.'
  const good = answer
  answer = () =>
    Response.json(
      { code: 'Invalid', message: 'Not so.', fields: { 'design.recall_threshold': [reason] } },
      { status: 400 },
    )
  await write('recall_threshold', '100')
  const recall = field('recall_threshold')
  expect(recall.hasAttribute('aria-invalid')).toBe(true)
  const described = recall.getAttribute('aria-describedby') ?? ''
  expect(document.getElementById(described)?.textContent).toBe(reason)
  expect(field('precision_threshold').hasAttribute('aria-invalid')).toBe(false)
  answer = good
  await write('recall_threshold', '95')
  expect(recall.hasAttribute('aria-invalid')).toBe(false)
  expect(document.body.textContent).not.toContain(reason)
})

/** Whether the browser would ask before the page is left. */
function isHeldBack(): boolean {
  return !window.dispatchEvent(new Event('beforeunload', { cancelable: true }))
}

test('what the server did not take is sent until it does, and the page is not left before', async () => {
  const good = answer
  const state = document.querySelector('.draft-state')
  expect(isHeldBack()).toBe(false)
  answer = () => {
    throw new TypeError('no network')
  }
  await write('instructions', 'Take your time.')
  expect(state?.textContent).toContain('Not saved yet; this page tries again. Leave it open.')
  expect(state?.hasAttribute('data-unsaved')).toBe(true)
  expect(isHeldBack()).toBe(true)
  await vi.advanceTimersByTimeAsync(5000)
  expect(isHeldBack()).toBe(true)
  answer = good
  await vi.advanceTimersByTimeAsync(5000)
  expect(sent.at(-1)?.design.instructions).toBe('Take your time.')
  expect(state?.textContent).toBe('All changes are saved.')
  expect(state?.hasAttribute('data-unsaved')).toBe(false)
  expect(isHeldBack()).toBe(false)
})

test('what was refused is not sent again by itself, but the page is not left unasked', async () => {
  answer = () => Response.json({ code: 'Invalid', message: 'Not so.', fields: {} }, { status: 400 })
  await write('instructions', 'Take your time.')
  const before = sent.length
  await vi.advanceTimersByTimeAsync(20_000)
  expect(sent.length).toBe(before)
  expect(document.querySelector('.draft-state')?.textContent).toContain('Not saved.Not so.')
  expect(isHeldBack()).toBe(true)
})

test('whoever logs in again in another tab finds the draft saved on coming back', async () => {
  const good = answer
  answer = () => Response.json({ code: 'NotSignedIn', message: 'Log in.' }, { status: 401 })
  await write('instructions', 'Take your time.')
  answer = good
  window.dispatchEvent(new Event('focus'))
  await vi.advanceTimersByTimeAsync(0)
  expect(document.querySelector('.draft-state')?.textContent).toBe('All changes are saved.')
})

test('what somebody else changed meanwhile is not overwritten unless something is changed here', async () => {
  const good = answer
  answer = () => Response.json({ code: 'NotSignedIn', message: 'Log in.' }, { status: 401 })
  await write('instructions', 'Take your time.')
  const before = sent.length
  answer = good
  there = { ...STUDY, title: 'Another title' }
  window.dispatchEvent(new Event('focus'))
  await vi.advanceTimersByTimeAsync(0)
  expect(sent.length).toBe(before)
  expect(document.querySelector('.draft-state')?.textContent).toContain('in another tab')
  expect(isHeldBack()).toBe(true)
  document.querySelector<HTMLButtonElement>('[data-action=open]')?.click()
  await vi.advanceTimersByTimeAsync(600_000)
  expect(sent.length).toBe(before)
  expect(document.querySelector('dialog[open]')).toBeNull()
  expect(field('instructions').value).toBe('Take your time.')
  await write('instructions', 'Take your time, please.')
  expect(sent.length).toBe(before + 1)
  expect(document.querySelector('.draft-state')?.textContent).toBe('All changes are saved.')
})

test('a server that stays away is asked less and less often', async () => {
  answer = () => Response.json({ code: 'Failed', message: 'A fault.' }, { status: 500 })
  await write('instructions', 'Take your time.')
  await vi.advanceTimersByTimeAsync(600_000)
  expect(sent.length).toBeGreaterThan(8)
  expect(sent.length).toBeLessThan(20)
})

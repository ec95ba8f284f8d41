// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Study } from '../api/types'
import { showDraft } from './draft'

const STUDY = {
  id: 's',
  revision: 'the first',
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

interface Sent {
  readonly design: Record<string, unknown>
  readonly revision: string
  readonly follows: string[]
}
const sent: Sent[] = []
let answer: () => Response
/** Of the draft that the server has, whoever put it there. */
let there: string
let signal: AbortSignal
/** What is answered to opening and deleting. */
let ended: (what: string, body: { follows: string[] }) => Response | Promise<Response>
let segmentations: Record<string, unknown>[]
const refresh = vi.fn(async () => undefined)

beforeEach(async () => {
  vi.useFakeTimers()
  sent.length = 0
  answer = taken
  there = STUDY.revision
  vi.stubGlobal('fetch', async (url: string, asked: RequestInit) => {
    if (asked.method === 'PATCH') {
      signal = asked.signal as AbortSignal
      sent.push(JSON.parse(String(asked.body)))
      return answer()
    }
    if (asked.method === 'POST')
      return ended(url.split('/').at(-2) ?? '', JSON.parse(String(asked.body)))
    if (!url.includes('candidates')) throw new Error(`nothing else is asked for: ${url}`)
    return Response.json({ segmentations, users: [{ username: 'rita', name: '' }] })
  })
  vi.spyOn(location, 'assign').mockImplementation(() => undefined)
  refresh.mockClear()
  segmentations = []
  await show(STUDY)
})

async function show(study: Study): Promise<void> {
  document.body.replaceChildren(document.createElement('div'))
  const root = document.body.firstElementChild as HTMLElement
  await showDraft(root, study, { study: 's', studies: '/studies/' }, refresh)
}

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** What the server answers to the change that was sent last. */
function taken(): Response {
  const { design, revision, follows } = sent.at(-1) as Sent
  if (!follows.includes(there))
    return Response.json({ code: 'DraftChanged', message: 'In another tab.' }, { status: 409 })
  there = revision
  return Response.json({ ...STUDY, revision, design: { ...STUDY.design, ...design } })
}

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

const state = () => document.querySelector('.draft-state')?.textContent

test('what somebody else changed is not overwritten by any later change here', async () => {
  there = 'of somebody else'
  for (const text of ['Take your time.', 'Take your time, please.']) {
    await write('instructions', text)
    expect(state()).toContain('In another tab.')
  }
  const before = sent.length
  await vi.advanceTimersByTimeAsync(600_000)
  expect(sent.length).toBe(before)
  document.querySelector<HTMLButtonElement>('[data-action=open]')?.click()
  await vi.advanceTimersByTimeAsync(0)
  expect(document.querySelector('dialog[open]')).toBeNull()
  expect(there).toBe('of somebody else')
  expect(field('instructions').value).toBe('Take your time, please.')
  expect(isHeldBack()).toBe(true)
})

test('a change whose answer was lost is no change by somebody else', async () => {
  answer = () => {
    taken()
    throw new TypeError('the connection broke')
  }
  await write('instructions', 'Take your time.')
  answer = taken
  await write('instructions', 'Take your time, please.')
  expect(state()).toBe('All changes are saved.')
})

test('what is tried again has its own name, however often', async () => {
  answer = () => Response.json({ code: 'Failed', message: 'A fault.' }, { status: 500 })
  await write('instructions', 'Take your time.')
  await vi.advanceTimersByTimeAsync(600_000)
  expect(new Set(sent.map(({ revision }) => revision)).size).toBe(1)
  expect(sent.at(-1)?.follows).toEqual(['the first', sent[0]?.revision])
})

test('what somebody else did between a change and its answer is not taken for seen', async () => {
  answer = () => {
    taken()
    there = 'of somebody else'
    return Response.json({ ...STUDY, title: 'Another title', revision: there })
  }
  await write('instructions', 'Take your time.')
  answer = taken
  await write('instructions', 'Take your time, please.')
  expect(state()).toContain('In another tab.')
  expect(there).toBe('of somebody else')
})

test('a server that says nothing is waited for once, however much is changed, and not for long', async () => {
  answer = () =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
    }) as unknown as Response
  for (const text of ['Take.', 'Take your.', 'Take your time.']) await write('instructions', text)
  expect(state()).toBe('Saving…')
  expect(sent).toHaveLength(1)
  answer = taken
  await vi.advanceTimersByTimeAsync(30_000)
  expect(sent).toHaveLength(2)
  expect(sent.at(-1)?.design.instructions).toBe('Take your time.')
  expect(state()).toBe('All changes are saved.')
})

test('a server that goes on saying nothing is asked again', async () => {
  const isEnded: AbortSignal[] = []
  answer = () => {
    isEnded.push(signal)
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
    }) as unknown as Response
  }
  await write('instructions', 'Take your time.')
  await vi.advanceTimersByTimeAsync(31_000)
  expect(state()).toContain('this page tries again')
  await vi.advanceTimersByTimeAsync(5000)
  expect(isEnded.map(({ aborted }) => aborted)).toEqual([true, false])
})

test('nothing is sent of what nobody changed here', async () => {
  document.querySelector<HTMLButtonElement>('[data-action=open]')?.click()
  await vi.advanceTimersByTimeAsync(1000)
  expect(sent).toEqual([])
})

test('a server that stays away is asked less and less often', async () => {
  answer = () => Response.json({ code: 'Failed', message: 'A fault.' }, { status: 500 })
  await write('instructions', 'Take your time.')
  await vi.advanceTimersByTimeAsync(600_000)
  expect(sent.length).toBeGreaterThan(8)
  expect(sent.length).toBeLessThan(20)
})

test('a server that is only slow is waited for longer each time, until it is heard', async () => {
  answer = () => {
    const slow = signal
    return new Promise((resolve, reject) => {
      slow.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))
      setTimeout(() => resolve(taken()), 31_000)
    }) as unknown as Response
  }
  await write('instructions', 'Take your time.')
  await vi.advanceTimersByTimeAsync(120_000)
  expect(state()).toBe('All changes are saved.')
  expect(sent).toHaveLength(2)
})

test('what broke off on the way is sent again', async () => {
  answer = () => Response.json({ code: 'CutOff', message: 'Send it again.' }, { status: 400 })
  await write('instructions', 'Take your time.')
  answer = taken
  await vi.advanceTimersByTimeAsync(10_000)
  expect(state()).toBe('All changes are saved.')
})

test('what is saved and cannot be shown is said to be saved', async () => {
  answer = () => {
    taken()
    return Response.json({ ...STUDY, meaning: undefined }) // as of another version of Plaque
  }
  await write('instructions', 'Take your time.')
  expect(state()).toMatch(/^All changes are saved\..* reload it\.$/)
})

test('a decimal comma is taken, and what is no number is said at its field', async () => {
  for (const text of ['80.5 %', '1,000', '1.234,5', '--5']) {
    await write('recall_threshold', text)
    expect(state()).toContain('Not saved.')
    expect(document.querySelector('[data-fault=recall_threshold]')?.textContent).toContain('number')
  }
  expect(sent).toEqual([])
  for (const text of ['80,5', ' 80.5 ', '080,50']) {
    await write('recall_threshold', text)
    expect(thresholds()).toEqual([undefined, [161, 200]])
    expect(state()).toBe('All changes are saved.')
  }
  expect(await write('gap', '1,5')).toBe(1.5) // the server says that it takes whole numbers
})

const MASK = { segmentation: 'm1', case: 'C1', title: 'Reference', method: '', lesions: 1 }
const CHOSEN = {
  ...STUDY,
  items: [{ segmentation: 'm1' }],
  raters: [{ username: 'rita' }, { username: 'ravi' }],
} as unknown as Study

/** This will press a button of the page, or of the dialog that it opened. */
async function press(text: string): Promise<void> {
  const buttons = [...document.querySelectorAll('button')]
  const button = buttons.findLast(({ textContent }) => textContent === text)
  if (button?.type === 'submit') button.form?.requestSubmit()
  else button?.click()
  await vi.advanceTimersByTimeAsync(0)
}

async function confirm(button: string): Promise<void> {
  const reason = document.querySelector<HTMLTextAreaElement>('dialog textarea')
  if (reason) reason.value = 'Not needed.'
  await press(button)
}

test('a rater without an account is seen, counted and sent, until somebody takes them out', async () => {
  segmentations = [MASK]
  await show(CHOSEN)
  expect(document.querySelector('[data-list=raters]')?.textContent).toContain(
    'ravi (has no active account any more)',
  )
  await write('instructions', 'Take your time.')
  expect((sent.at(-1) as unknown as { raters: string[] }).raters).toEqual(['rita', 'ravi'])
  await press('Open the study')
  expect(document.querySelector('dialog')?.textContent).toContain('2 raters')
})

test('looking through the list of other masks changes nothing', async () => {
  segmentations = [MASK]
  await show(STUDY)
  await write('other-masks', 'Reference')
  expect(sent).toEqual([])
})

test('a draft is deleted as it is here, whether or not the last change was answered', async () => {
  answer = () => {
    taken()
    throw new TypeError('the connection broke')
  }
  await write('instructions', 'Take your time.')
  let asked: string[] = []
  ended = (_, { follows }) => {
    asked = follows
    return new Response(null, { status: 204 })
  }
  await press('Delete this draft')
  await confirm('Delete')
  expect(asked).toEqual(['the first', there])
  expect(location.assign).toHaveBeenCalledWith('/studies/')
  await write('instructions', 'Come back to by the button of the browser.')
  expect(state()).toContain('This draft was deleted')
  expect(sent).toHaveLength(1)
})

test('a draft that is gone when it is deleted again is deleted', async () => {
  ended = () => Response.json({ code: 'NotFound', message: 'No such thing.' }, { status: 404 })
  await press('Delete this draft')
  await confirm('Delete')
  expect(location.assign).toHaveBeenCalledWith('/studies/')
})

test('an opening that is under way is not left, and one whose answer was lost is shown', async () => {
  segmentations = [MASK]
  await show(CHOSEN)
  let lose = (): void => undefined
  ended = () =>
    new Promise((_, reject) => {
      lose = () => reject(new TypeError('the connection broke'))
    })
  await press('Open the study')
  await confirm('Open')
  await press('Go back')
  const dialog = document.querySelector('dialog') as HTMLDialogElement
  expect(document.activeElement, 'keys reach it').toBe(dialog)
  const leave = new KeyboardEvent('keydown', { key: 'Escape', cancelable: true })
  expect([dialog.open, dialog.dispatchEvent(leave)]).toEqual([true, false])
  lose()
  await vi.advanceTimersByTimeAsync(0)
  expect(dialog.textContent).toContain('The server does not answer.')
  ended = () => Response.json({ code: 'StudyNotDraft', message: 'It is open.' }, { status: 409 })
  await confirm('Open')
  expect(refresh).toHaveBeenCalledOnce()
  expect(document.querySelector('dialog')).toBeNull()
})

test('only the draft that was seen is opened', async () => {
  segmentations = [MASK]
  await show(CHOSEN)
  let asked: string[] = []
  ended = (_, { follows }) => {
    asked = follows
    return Response.json({ code: 'DraftChanged', message: 'In another tab.' }, { status: 409 })
  }
  await press('Open the study')
  await confirm('Open')
  expect(asked).toEqual(['the first'])
  expect(document.querySelector('dialog')?.textContent).toContain('In another tab.')
  expect(refresh).not.toHaveBeenCalled()
})

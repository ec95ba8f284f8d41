// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { showStudy } from './studyPage'

const PAIRING = { methods: ['one', 'two'], cases: 2, done: 0, is_waiting: true, reason: '' }
const WAITING = { id: 's', revision: 'the first', title: 'A study', state: 'draft' }
let revision: string
let asked: { follows: string[] }[]

beforeEach(async () => {
  vi.useFakeTimers()
  revision = WAITING.revision
  asked = []
  vi.stubGlobal('fetch', async (_: string, { method, body }: RequestInit) => {
    if (method === 'GET') return Response.json({ ...WAITING, revision, pairing: PAIRING })
    asked.push(JSON.parse(String(body)))
    return Response.json({ code: 'DraftChanged', message: 'In another tab.' }, { status: 409 })
  })
  document.body.replaceChildren(document.createElement('div'))
  const root = document.body.firstElementChild as HTMLElement
  await showStudy(root, { study: 's', studies: '/studies/' })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('a draft that waits for masks is deleted as it was when the question was asked', async () => {
  const button = [...document.querySelectorAll('button')].find(
    ({ textContent }) => textContent === 'Delete this draft',
  )
  button?.click()
  revision = 'of somebody else'
  await vi.advanceTimersByTimeAsync(5000)
  const form = document.querySelector('dialog form') as HTMLFormElement
  form.dispatchEvent(new Event('submit', { cancelable: true }))
  await vi.advanceTimersByTimeAsync(0)
  expect(asked.map(({ follows }) => follows)).toEqual([['the first']])
  expect(form.textContent).toContain('In another tab.')
})

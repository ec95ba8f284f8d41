// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { request, sendForm } from './client'
import { Refused } from './errors'
import { announceOwner, isSomebodyElse, watchOwner } from './owner'

const sent: RequestInit[] = []

/** What the browser's cookies say. */
function logIn(owner: string): void {
  const cookies = owner ? `csrftoken=x; plaque_owner=${owner}` : 'csrftoken=x'
  vi.spyOn(document, 'cookie', 'get').mockReturnValue(cookies)
}

function comment(): Promise<unknown> {
  const path = '/api/v1/presentations/{token}/comment/'
  return request('PUT', path, { token: 'a' }, { comment: 'Hm.' })
}

/** A message of a channel arrives a little later. */
async function heard(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 50))
}

beforeEach(() => {
  sent.length = 0
  vi.stubGlobal('fetch', async (_: string, options: RequestInit) => {
    sent.push(options)
    return Response.json({})
  })
  document.documentElement.dataset.owner = 'rita'
  logIn('rita')
})

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

test('a page says for whom it asks', async () => {
  await comment()
  expect(new Headers(sent[0]?.headers).get('X-Plaque-Owner')).toBe('rita')
})

test('after another login nothing is sent, and after the own one it is again', async () => {
  logIn('ravi')
  const error = await comment().catch((reason: unknown) => reason)
  expect(error instanceof Refused && error.isSomebodyElse).toBe(true)
  const form = sendForm(
    '/api/v1/cohorts/{slug}/cases/',
    { slug: 'a' },
    new FormData(),
    () => {},
    new AbortController().signal,
  )
  await expect(form).rejects.toThrow('Somebody else')
  expect(sent).toEqual([])
  logIn('rita')
  await comment()
  expect(sent.length).toBe(1)
})

test('a login that has ended is not somebody else', () => {
  logIn('')
  expect(isSomebodyElse()).toBe(false)
})

test('a page hears of another person as soon as that person has a page', async () => {
  const onSomebodyElse = vi.fn()
  watchOwner(onSomebodyElse)
  announceOwner()
  window.dispatchEvent(new Event('focus'))
  await heard()
  expect(onSomebodyElse).not.toHaveBeenCalled()
  const other = new BroadcastChannel('plaque-owner')
  other.postMessage('ravi')
  await heard()
  expect(onSomebodyElse).toHaveBeenCalledTimes(1)
  other.close()
  logIn('ravi')
  window.dispatchEvent(new Event('focus'))
  expect(onSomebodyElse).toHaveBeenCalledTimes(2)
})

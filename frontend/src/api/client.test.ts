// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from 'vitest'
import { address, request } from './client'

afterEach(() => vi.unstubAllGlobals())

test('slots of a path are filled, and what remains is asked', () => {
  const mark = { token: 'a/b', mark_id: '$&' }
  expect(address('/api/v1/presentations/{token}/marks/{mark_id}/', mark)).toBe(
    '/api/v1/presentations/a%2Fb/marks/%24%26/',
  )
  const asked = { page: 2, q: 'C 1&', state: undefined }
  expect(address('/api/v1/jobs/', asked)).toBe('/api/v1/jobs/?page=2&q=C+1%26')
  expect(address('/api/v1/jobs/', {})).toBe('/api/v1/jobs/')
})

test('a body is sent as JSON, and no body comes back from what is deleted', async () => {
  const sent: { url: string; init: RequestInit }[] = []
  document.body.innerHTML = '<input name="csrfmiddlewaretoken" value="c">'
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    sent.push({ url, init })
    return Promise.resolve(new Response(null, { status: 204 }))
  })
  const code = { code: 'C0001' }
  const answer = await request('POST', '/api/v1/cases/{code}/delete/', code, { reason: 'Twice.' })
  expect(answer).toBeUndefined()
  expect(sent[0]?.url).toBe('/api/v1/cases/C0001/delete/')
  expect(new Headers(sent[0]?.init.headers).get('X-CSRFToken')).toBe('c')
  expect(sent[0]?.init.body).toBe('{"reason":"Twice."}')
})

test('what is not as the schema says does not compile (see `make check`)', () => {
  const asked = vi.fn(() => new Promise(() => undefined))
  vi.stubGlobal('fetch', asked)
  const id = { id: 'a' }
  const wrong = [
    // @ts-expect-error no such path
    request('GET', '/api/v1/no-such-thing/', {}),
    // @ts-expect-error no such method there
    request('PUT', '/api/v1/jobs/{id}/cancel/', id),
    // @ts-expect-error the path has a slot
    request('GET', '/api/v1/jobs/{id}/', {}),
    // @ts-expect-error no such state
    request('GET', '/api/v1/jobs/', { state: 'asleep' }),
    // @ts-expect-error a body is needed
    request('POST', '/api/v1/cases/{code}/jobs/', { code: 'C0001' }),
    // @ts-expect-error no body is taken
    request('POST', '/api/v1/jobs/{id}/cancel/', id, {}),
    // @ts-expect-error not that body
    request('POST', '/api/v1/cases/{code}/jobs/', { code: 'C0001' }, { methods: [] }),
    // @ts-expect-error a job has no such field
    request('GET', '/api/v1/jobs/{id}/', id).then((job) => job.colour),
  ]
  expect(asked).toHaveBeenCalledTimes(wrong.length)
})

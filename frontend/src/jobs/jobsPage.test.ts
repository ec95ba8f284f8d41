// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { JobsPage } from './jobsPage'

const asked: URLSearchParams[] = []
const DATA = {
  case_page: '/cases/CODE/',
  cases: '/cases/',
  home: '/',
  states: ['queued', 'failed'] as const,
  methods: [],
  cohorts: [
    { slug: 'a', title: 'Clinic A', failed: false },
    { slug: 'b', title: 'Clinic B', failed: false },
  ],
}

beforeEach(() => {
  vi.useFakeTimers()
  asked.length = 0
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(new URL(url, 'http://here').searchParams)
    return Response.json({ count: 0, next: null, previous: null, results: [] })
  })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('the address says which jobs are shown first, such as the failed ones of a cohort', async () => {
  history.replaceState(null, '', '/jobs/?state=failed&cohort=b')
  const root = document.createElement('div')
  new JobsPage(root, DATA)
  await vi.advanceTimersByTimeAsync(100)
  expect(asked[0]?.get('state')).toBe('failed')
  expect(asked[0]?.get('cohort')).toBe('b')
  expect(root.textContent).toContain('No job fits')
  const cohort = [...root.querySelectorAll('select')].at(-1)
  if (!cohort) throw new Error('no way to choose a cohort')
  expect(cohort.selectedOptions[0]?.textContent).toBe('Clinic B')
  cohort.value = ''
  cohort.dispatchEvent(new Event('change'))
  await vi.advanceTimersByTimeAsync(100)
  expect(asked.at(-1)?.get('cohort') ?? '').toBe('')
})

test('somebody without a cohort is told what to do, and is sent to no case', async () => {
  history.replaceState(null, '', '/jobs/')
  const root = document.createElement('div')
  new JobsPage(root, { ...DATA, cohorts: [] })
  await vi.advanceTimersByTimeAsync(100)
  expect(root.textContent).toContain('You belong to no cohort yet')
  expect(root.querySelector(`a[href="${DATA.home}"]`)).not.toBeNull()
  expect(root.querySelector(`a[href="${DATA.cases}"]`)).toBeNull()
  expect(root.querySelector('.filter')?.hasAttribute('hidden')).toBe(true)
})

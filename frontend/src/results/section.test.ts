// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from 'vitest'
import { sectionPanel } from './section'

const TABLE = {
  caption: 'Acceptance',
  heads: [
    { text: 'Rater', is_number: false },
    { text: 'Rate', is_number: true },
  ],
  rows: [
    { is_primary: true, cells: [cell('rita'), cell('95.3 % (86.1 to 99.1)')] },
    { is_primary: false, cells: [cell('ravi'), cell('undefined: nothing was rated', true)] },
  ],
  more: '3 more rows are in tables/acceptance.csv of the bundle.',
}
const SECTION = {
  id: 'acceptance',
  title: 'Acceptance',
  hint: 'How often.',
  tables: [TABLE],
  folded_title: 'Per rater',
  folded: [TABLE],
  files: ['acceptance'],
}

function cell(text: string, is_undefined = false): { text: string; is_undefined: boolean } {
  return { text, is_undefined }
}

beforeEach(() => {
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe(): void {}
    },
  )
})

test('a section has its tables, and those that are folded away', () => {
  const panel = sectionPanel(SECTION)
  expect(panel.id).toBe('acceptance')
  expect(panel.querySelectorAll('table')).toHaveLength(2)
  expect(panel.querySelector('details summary')?.textContent).toBe('Per rater')
  expect(panel.querySelector('caption')?.textContent).toBe('Acceptance')
  expect(panel.textContent).toContain('3 more rows')
})

test('numbers stand to the right, the primary analysis is marked, undefined values say why', () => {
  const panel = sectionPanel({ ...SECTION, folded: [] })
  expect(panel.querySelector('details')).toBeNull()
  expect([...panel.querySelectorAll('th')].map((head) => head.className)).toEqual(['', 'number'])
  expect(panel.querySelectorAll('tr.is-primary')).toHaveLength(1)
  expect(panel.querySelector('.undefined')?.textContent).toBe('undefined: nothing was rated')
})

// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import type { Reading } from '../api/types'
import { Lobby } from './lobby'

const READING: Reading = {
  reading: 'r',
  title: 'Study',
  state: 'ready',
  done: 1,
  total: 4,
  instructions: 'Mark what is wrong.',
  dawm_instruction: '',
  available_at: null,
  presentation: 'p',
  opened: false,
  practice_left: 0,
  instructions_sha256: '',
  asks: [],
  ask_consistency: false,
  last: 'q',
  feedback: null,
}

function shown(reading: Partial<Reading>, stored = ''): HTMLElement {
  const lobby = new Lobby({
    open: () => {},
    takeOver: () => {},
    retry: () => {},
    goOn: () => {},
    corrected: () => {},
    loginUrl: '/login/',
    homeUrl: '/',
  })
  const pace = { left: '', pause: '' }
  lobby.show({ kind: 'at_rest', reading: { ...READING, ...reading }, stored, pace })
  return lobby.element
}

test.each([
  ['ready', 'until you open the next presentation'],
  ['waiting', 'until you open the next presentation'],
  ['finished', 'until the study is closed'],
] as const)(
  'while %s the last verdict can be corrected, and it is said until when',
  (state, until) => {
    const { textContent } = shown({ state })
    expect(textContent).toContain('Correct my last verdict…')
    expect(textContent).toContain(until)
  },
)

test.each([[{ last: null }], [{ state: 'closed', last: null }]] as const)(
  'nothing can be corrected with %o',
  (reading) => {
    expect(shown(reading).textContent).not.toContain('orrect')
  },
)

test('what was stored is said, and the instructions are folded from then on', () => {
  const fresh = shown({})
  expect(fresh.querySelector('.said')).toBeNull()
  expect(fresh.querySelector('details')?.hasAttribute('open')).toBe(true)
  const after = shown({}, 'Your correction is stored (14:32).')
  expect(after.querySelector('.said')?.textContent).toBe('Your correction is stored (14:32).')
  expect(after.querySelector('details')?.hasAttribute('open')).toBe(false)
})

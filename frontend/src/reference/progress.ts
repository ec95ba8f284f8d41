// An open reference study: who is how far, and where the cases are. Never what was drawn or decided.

import { request } from '../api/client'
import type { ReferenceStudy } from '../api/types'
import { make, plural, setText } from '../elements'
import { askFirst } from '../study/dialog'
import { timeFormat } from '../time'
import { showTrouble } from '../trouble'
import type { ReferencePageData } from './referencePage'

const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'short' })

export function showProgress(
  root: HTMLElement,
  study: ReferenceStudy,
  data: ReferencePageData,
  refresh: () => Promise<void>,
): void {
  const left = study.delineators
    .filter(({ left_at }) => left_at === null)
    .reduce((sum, one) => sum + 2 * one.cases - one.step_1 - one.step_2, 0)
  const trouble = make('p', { class: 'trouble', role: 'alert' })
  const due = study.cases.filter(({ dots_from, built_at }) => dots_from && !built_at)
  root.replaceChildren(
    make(
      'p',
      { class: left === 0 ? 'notice is-ok' : 'notice' },
      left === 0
        ? 'Everybody has finished both steps. Close the study to see what was decided; then the references can be made.'
        : `${plural(left, 'delineation')} left. You see the pace of the delineators, never what they draw or decide, until you close the study.`,
    ),
    table(
      ['Delineator', 'First step', 'Second step', 'Last activity'],
      study.delineators.map((one) => [
        one.name || one.username,
        bar(one.step_1, one.cases, `First step of ${one.username}`),
        bar(one.step_2, one.cases, `Second step of ${one.username}`),
        activity(one),
      ]),
    ),
    trouble,
    make(
      'div',
      { class: 'actions' },
      make(
        'button',
        {
          type: 'button',
          class: left === 0 ? 'primary' : '',
          'data-action': 'close',
          click: () => close(study, left, refresh),
        },
        'Close the study',
      ),
      make(
        'button',
        { type: 'button', 'data-action': 'join', click: () => void join(study, refresh, trouble) },
        'A delineator joins…',
      ),
      make(
        'button',
        { type: 'button', 'data-action': 'leave', click: () => leave(study, refresh) },
        'A delineator leaves…',
      ),
      make(
        'button',
        { type: 'button', class: 'quiet', 'data-key': 'refresh', click: () => void refresh() },
        'Refresh',
      ),
    ),
    casesPanel(study, due.length, data, refresh),
    proof(study),
  )
}

type Case = ReferenceStudy['cases'][number]
type Delineator = ReferenceStudy['delineators'][number]

function activity({ left_at, last_activity }: Delineator): string {
  if (left_at) return `left ${moment(left_at)}`
  return last_activity ? moment(last_activity) : 'not started'
}

/** Who has left, and when, in a sentence each; '' where nobody has. */
export function whoLeft({ delineators }: ReferenceStudy): string {
  return delineators
    .flatMap(({ name, username, left_at }) =>
      left_at ? [`${name || username} left ${moment(left_at)}.`] : [],
    )
    .join(' ')
}

/** The cases and the dots of those that have them. */
export function casesPanel(
  study: ReferenceStudy,
  due: number,
  data: ReferencePageData,
  refresh: () => Promise<void>,
): HTMLElement {
  const trouble = make('p', { class: 'trouble', role: 'alert' })
  const build = async (): Promise<void> => {
    try {
      await request('POST', '/api/v1/reference-studies/{slug}/dots/', { slug: study.id })
      await refresh()
    } catch (error) {
      showTrouble(trouble, error)
    }
  }
  const button = make(
    'button',
    { type: 'button', 'data-key': 'build', click: () => void build() },
    'Make the dots that are due',
  )
  return make(
    'section',
    { class: 'sheet' },
    make('h2', {}, 'Cases'),
    make(
      'p',
      { class: 'hint' },
      study.state === 'open'
        ? 'The dots of a case are made when somebody first opens its second step; you can make them before, to look at them elsewhere. They do not say where they come from.'
        : 'The files of the dots do not say where they come from; origins.csv of the download does.',
    ),
    table(
      ['Case', 'First step', 'Dots', 'Second step', 'Dot mask'],
      study.cases.map((one) => [
        make('a', { href: data.case_page.replace('CODE', one.code) }, one.code),
        one.step_1_left === 0 ? 'done' : `${one.step_1_left} left`,
        dotsOf(one),
        one.step_2_left === 0 ? 'done' : `${one.step_2_left} left`,
        one.built_at ? downloads(study.id, one.code) : '',
      ]),
    ),
    ...(due > 0 ? [make('div', { class: 'actions' }, button)] : []),
    trouble,
  )
}

function dotsOf(one: Case): string {
  if (one.built_at) return `${plural(one.candidates, 'candidate')}, ${moment(one.built_at)}`
  return one.dots_from ? `from ${moment(one.dots_from)}` : 'after the first step'
}

function downloads(slug: string, code: string): HTMLElement {
  const at = `/api/v1/reference-studies/${slug}/cases/${code}/dots`
  const link = (href: string, text: string): HTMLElement =>
    make('a', { href, download: true, 'aria-label': `Dots of ${code}: ${text}` }, text)
  return make(
    'span',
    {},
    link(`${at}.nii.gz`, 'voxels'),
    ', ',
    link(`${at}.nii.gz?radius_mm=2`, 'balls'),
    ', ',
    link(`${at}.csv`, 'table'),
  )
}

/** A table of texts and elements; the first column heads its row, the named ones hold numbers. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly (Node | string)[])[],
  numbers: readonly string[] = [],
): HTMLElement {
  const kinds = heads.map((text) => (numbers.includes(text) ? 'number' : ''))
  const head = make(
    'tr',
    {},
    ...heads.map((text, at) => make('th', { scope: 'col', class: kinds[at] ?? '' }, text)),
  )
  const lines = rows.map(([first, ...rest]) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, first ?? ''),
      ...rest.map((cell, at) => make('td', { class: kinds[at + 1] ?? '' }, cell)),
    ),
  )
  return make('table', { class: 'rows' }, make('thead', {}, head), make('tbody', {}, ...lines))
}

function bar(done: number, total: number, label: string): HTMLElement {
  const meter = make('progress', { max: Math.max(total, 1), value: done, 'aria-label': label })
  return make('span', {}, meter, ` ${done} of ${total}`)
}

/** The hashes that were fixed at opening. */
export function proof(study: ReferenceStudy, secret = ''): HTMLElement {
  const facts = make('dl', { class: 'facts' })
  const add = (name: string, value: string): void => {
    facts.append(make('dt', {}, name), make('dd', { class: 'hash' }, value))
  }
  add('Design (SHA-256)', study.design_sha256)
  add('Commitment', study.commitment)
  if (secret) add('Secret', secret)
  const words = secret
    ? 'The commitment is the SHA-256 of the secret (as bytes) followed by design.json; every order of cases and dots follows from them.'
    : "The design, the methods' masks (by hash) and every order were fixed when the study opened. The secret behind the commitment is revealed when it closes."
  return make('section', { class: 'sheet' }, make('h2', {}, 'Proof'), make('p', {}, words), facts)
}

function close(study: ReferenceStudy, left: number, refresh: () => Promise<void>): void {
  const reason = make('textarea', { id: 'closing-reason', required: true })
  askFirst(
    `Close ${study.title}?`,
    left > 0
      ? `${plural(left, 'delineation')} will stay missing. Closing ends all delineating for good and shows where the dots came from.`
      : 'Closing ends all delineating for good and shows where the dots came from.',
    'Close the study',
    async () => {
      const why = { reason: reason.value }
      await request('POST', '/api/v1/reference-studies/{slug}/close/', { slug: study.id }, why)
      await refresh()
    },
    make('label', { for: 'closing-reason' }, 'Reason (kept with the study)'),
    reason,
  )
}

async function join(
  study: ReferenceStudy,
  refresh: () => Promise<void>,
  trouble: HTMLElement,
): Promise<void> {
  setText(trouble, '')
  try {
    const where = { slug: study.id }
    const choices = await request('GET', '/api/v1/reference-studies/{slug}/choices/', where)
    const there = new Set(study.delineators.map(({ username }) => username))
    const free = choices.people.filter(({ username }) => !there.has(username))
    const person = make(
      'select',
      { id: 'joining', required: true },
      ...free.map(({ username }) => make('option', { value: username }, username)),
    )
    const reason = make('textarea', { id: 'joining-reason', required: true, maxlength: 2000 })
    askFirst(
      'Who joins?',
      'They begin with the first step of every case, so all dots wait for them. Nobody can join once a case has its dots.',
      'Let them join',
      async () => {
        const joining = { delineator: person.value, reason: reason.value }
        const path = '/api/v1/reference-studies/{slug}/delineators/'
        await request('POST', path, where, joining)
        await refresh()
      },
      make('label', { for: 'joining' }, 'Delineator'),
      person,
      make('label', { for: 'joining-reason' }, 'Reason (kept by the audit log)'),
      reason,
    )
  } catch (error) {
    showTrouble(trouble, error)
  }
}

function leave(study: ReferenceStudy, refresh: () => Promise<void>): void {
  const there = study.delineators.filter(({ left_at }) => left_at === null)
  const person = make(
    'select',
    { id: 'leaving', required: true },
    ...there.map(({ username, name }) => make('option', { value: username }, name || username)),
  )
  const reason = make('textarea', { id: 'leaving-reason', required: true, maxlength: 2000 })
  askFirst(
    'Who leaves?',
    'For good: they open and change nothing more, and nothing waits for them. What they submitted is kept and counts; what they did not becomes no dot and no mask. The union, intersection and majority are made of those who stay.',
    'Let them leave',
    async () => {
      const leaving = { delineator: person.value, reason: reason.value }
      const path = '/api/v1/reference-studies/{slug}/delineators/leave/'
      await request('POST', path, { slug: study.id }, leaving)
      await refresh()
    },
    make('label', { for: 'leaving' }, 'Delineator'),
    person,
    make('label', { for: 'leaving-reason' }, 'Reason (kept by the audit log)'),
    reason,
  )
}

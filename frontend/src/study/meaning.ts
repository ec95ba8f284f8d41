// What a design means, beside the form that changes it.

import type { Meaning } from '../api/types'
import { make, plural } from '../elements'

/** Reading tires: what is said of sittings assumes this pace and this length. */
const MINUTES_EACH = 3
const SITTING_MINUTES = 45

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}

export function meaningPanel(meaning: Meaning): HTMLElement {
  const faults = Object.values(meaning.faults).flat()
  const told = [
    ...faults.map((fault) =>
      make('p', { class: 'notice is-danger' }, `It cannot be opened yet: ${fault}`),
    ),
    ...meaning.warnings.map((warning) => make('p', { class: 'notice is-warning' }, warning)),
  ]
  return make(
    'section',
    { class: 'sheet' },
    make('h2', {}, 'What this means'),
    ...told,
    ...work(meaning),
    ...precision(meaning),
    ...claims(meaning),
    ...tolerance(meaning),
  )
}

/** How much every rater has to read, and when. */
function work(meaning: Meaning): HTMLElement[] {
  const facts = make('dl', { class: 'facts' })
  const add = (name: string, value: string): void => {
    facts.append(make('dt', {}, name), make('dd', {}, value))
  }
  if (meaning.items > 0)
    add(
      'To be judged',
      `${plural(meaning.items, 'mask')} of ${plural(meaning.cases, 'case')}, by ${plural(meaning.methods.length, 'method')}`,
    )
  add('Presentations per rater', String(meaning.presentations_per_rater))
  add('Presentations in all', String(meaning.presentations))
  for (const { minutes_each, hours } of meaning.hours_per_rater) {
    if (minutes_each === 1 || minutes_each === MINUTES_EACH || minutes_each === 5)
      add(`Hours per rater, ${minutes_each} min each`, `about ${hours}`)
  }
  if (meaning.items === 0) return [facts]
  const sittings = Math.ceil((meaning.items * MINUTES_EACH) / SITTING_MINUTES)
  const block = `${plural(meaning.items, 'mask')} in ${plural(sittings, 'sitting')} of ${SITTING_MINUTES} minutes`
  const pause = meaning.washout_days
    ? `comes at least ${plural(meaning.washout_days, 'day')} after the last mask of the first`
    : 'may follow at once'
  const apart =
    meaning.items > meaning.cases ? ' Two masks of one case never follow each other.' : ''
  return [
    facts,
    make('h3', {}, 'How it goes for a rater'),
    make(
      'ol',
      { class: 'plain' },
      make('li', {}, `First showing: ${block}, at ${MINUTES_EACH} minutes each.`),
      make(
        'li',
        {},
        `Second showing, in another order: as many. It ${pause}; the two showings of a mask are at least ${plural(meaning.gap, 'position')} apart.${apart}`,
      ),
    ),
  ]
}

/** The interval to expect, for one rater and for all together. */
function precision(meaning: Meaning): HTMLElement[] {
  const rates = [...new Set(meaning.expected_interval.map((entry) => entry.rate))]
  if (rates.length === 0) return []
  const correlation = meaning.expected_interval[0]?.correlation
  const groups = [...new Set(meaning.expected_interval.map((entry) => entry.of))]
  const cell = (rate: number, of: string): string => {
    const entry = meaning.expected_interval.find((one) => one.rate === rate && one.of === of)
    return entry ? `${Math.round(100 * entry.low)} to ${percent(entry.high)}` : ''
  }
  return [
    make('h3', {}, 'How precise it will be'),
    make(
      'p',
      { class: 'hint' },
      `The 95 % interval to expect of the acceptance rate (Korn-Graubard, the case is what counts), if readings of one case correlate by ${correlation}.`,
    ),
    table(
      ['If the truth is', ...groups],
      rates.map((rate) => [percent(rate), ...groups.map((of) => cell(rate, of))]),
    ),
  ]
}

/** How many cases it takes to show what a coordinator may want to claim. */
function claims(meaning: Meaning): HTMLElement[] {
  if (meaning.claims.length === 0) return []
  return [
    make('h3', {}, 'What it can show'),
    make(
      'p',
      { class: 'hint' },
      `This study has ${plural(meaning.cases, 'case')}. To show that more than so many masks are acceptable to one rater (exact one-sided test at 2.5 %), it takes about:`,
    ),
    table(
      ['To show', 'If the truth is', 'Power', 'Cases'],
      meaning.claims.map((entry) => [
        `more than ${percent(entry.claim)}`,
        percent(entry.truth),
        `${Math.round(100 * entry.power)} %`,
        String(entry.cases),
      ]),
    ),
  ]
}

/** How many errors leave a mask acceptable. */
function tolerance(meaning: Meaning): HTMLElement[] {
  const strict = meaning.items_tolerating_no_error
  const share =
    strict > 0 ? ` ${strict} of the ${plural(meaning.items, 'chosen mask')} tolerate no error.` : ''
  return [
    make('h3', {}, 'What a mask tolerates'),
    make(
      'p',
      { class: 'hint' },
      `The most errors of one kind, with none of the other, that leave a mask acceptable.${share}`,
    ),
    table(
      ['Drawn lesions', 'False positives', 'Missed'],
      meaning.tolerance.map((entry) => [
        String(entry.lesions),
        String(entry.false_positives ?? 'not acceptable'),
        String(entry.missed ?? 'not acceptable'),
      ]),
    ),
  ]
}

function table(head: string[], rows: string[][]): HTMLElement {
  return make(
    'table',
    { class: 'figures' },
    make('thead', {}, make('tr', {}, ...head.map((text) => make('th', { scope: 'col' }, text)))),
    make(
      'tbody',
      {},
      ...rows.map((row) => make('tr', {}, ...row.map((text) => make('td', {}, text)))),
    ),
  )
}

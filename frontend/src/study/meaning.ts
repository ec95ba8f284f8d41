// What a design means, beside the form that changes it.

import type { Meaning } from '../api/types'
import { make } from '../elements'

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

export function meaningPanel(meaning: Meaning): HTMLElement {
  const panel = make('section', { class: 'sheet', 'aria-label': 'What this design means' })
  panel.append(make('h2', {}, 'What this means'))
  const hours = meaning.hours_per_rater.find((entry) => entry.minutes_each === 3)
  const facts = make('dl', { class: 'facts' })
  const add = (name: string, value: string): void => {
    facts.append(make('dt', {}, name), make('dd', {}, value))
  }
  add('Presentations per rater', String(meaning.presentations_per_rater))
  add('Presentations in all', String(meaning.presentations))
  if (hours) add('Hours per rater', `about ${hours.hours} (3 minutes each)`)
  panel.append(facts)
  const expected = meaning.expected_interval.filter((entry) => entry.of === 'all raters')
  if (expected.length > 0) {
    panel.append(
      make('h3', {}, 'How precise it will be'),
      make(
        'p',
        { class: 'hint' },
        'The 95 % interval to expect of the acceptance rate, all raters together, if readings of one case correlate by 0.6.',
      ),
      table(
        ['If the truth is', 'the interval is about'],
        expected.map((entry) => [
          percent(entry.rate),
          `${percent(entry.low)} to ${percent(entry.high)}`,
        ]),
      ),
    )
  }
  panel.append(
    make('h3', {}, 'What a mask tolerates'),
    make('p', { class: 'hint' }, 'The most errors of one kind, with none of the other.'),
    table(
      ['Drawn lesions', 'False positives', 'Missed'],
      meaning.tolerance.map((entry) => [
        String(entry.lesions),
        String(entry.false_positives ?? 'none'),
        String(entry.missed ?? 'none'),
      ]),
    ),
  )
  for (const warning of meaning.warnings) {
    panel.append(make('p', { class: 'notice is-warning' }, warning))
  }
  return panel
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

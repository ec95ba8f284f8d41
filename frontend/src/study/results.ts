// A closed study: acceptance, agreement, what is missing; and everything as a bundle.

import { address, request } from '../api/client'
import type { Results, Study } from '../api/types'
import { make } from '../elements'
import { reachWhenScrolling } from '../scrolling'
import { timeFormat } from '../time'
import { hashes, type StudyPageData } from './studyPage'

export async function showResults(
  root: HTMLElement,
  study: Study,
  data: StudyPageData,
): Promise<void> {
  const slug = data.study
  const results = await request('GET', '/api/v1/studies/{slug}/results/', { slug })
  root.replaceChildren(
    make(
      'p',
      {},
      `${study.items.length} masks, ${study.raters.length} raters. Closed ${day(study.closed_at)}: ${study.closing_reason}`,
    ),
    make(
      'div',
      { class: 'actions' },
      ...download(slug),
      make(
        'span',
        { class: 'hint' },
        'Design, schedule, ratings, marks and statistics, with a manifest.',
      ),
    ),
    headline(results),
    acceptancePanel(results),
    masksPanel(results),
    intraPanel(results),
    interPanel(results),
    verdictsPanel(results),
    missingPanel(results),
    notesPanel(results),
    hashes(study),
  )
}

function day(at: string | null | undefined): string {
  return at ? timeFormat({ dateStyle: 'long' })(at) : ''
}

/** A line of a table, whichever its columns are. */
type Line = Readonly<Record<string, Value>>
/** What the data leave undefined says why. */
type Value = string | number | boolean | Undefined
type Acceptance = Results['acceptance'][number]
type Undefined = Extract<Acceptance['rate'], object>

// --- Values ---------------------------------------------------------------------------------------

function isUndefined(value: Value | undefined): value is Undefined {
  return typeof value === 'object' && value !== null
}

function share(value: Value | undefined): string {
  return typeof value === 'number' ? `${(100 * value).toFixed(1)} %` : ''
}

function decimal(value: Value | undefined): string {
  return typeof value === 'number' ? value.toFixed(2) : ''
}

/** A value with its interval, or why it is undefined. */
function estimate<L extends Line>(
  line: L,
  name: keyof L,
  low: keyof L,
  high: keyof L,
  write: (value: Value | undefined) => string,
): Node {
  const value = line[name]
  if (isUndefined(value)) return undefinedText(value)
  const lower = line[low]
  const upper = line[high]
  const hasInterval = typeof lower === 'number' && typeof upper === 'number'
  return document.createTextNode(
    hasInterval ? `${write(value)} (${write(lower)} to ${write(upper)})` : write(value),
  )
}

function undefinedText(value: Undefined): HTMLElement {
  return make('span', { class: 'undefined' }, `undefined: ${value.undefined}`)
}

function plain(value: Value | undefined): Node {
  if (isUndefined(value)) return undefinedText(value)
  if (typeof value === 'number' && !Number.isInteger(value)) {
    return document.createTextNode(value.toFixed(2))
  }
  return document.createTextNode(String(value ?? ''))
}

function rule(line: Line): string {
  if (line.verdict === 'rater') return "rater's verdict"
  if (line.verdict === 'combined') return 'combined rule of the abstract'
  return `derived, ${String(line.boundary_policy)}`
}

function who(line: Line): string {
  return line.rater === '' ? 'All raters' : String(line.rater)
}

type Column<L> = [head: string, cell: (line: L) => Node | string, isNumber?: boolean]

function table<L extends Line>(lines: readonly L[], columns: readonly Column<L>[]): HTMLElement {
  const box = make(
    'div',
    { class: 'scroll', role: 'group', 'aria-label': 'Figures' },
    make(
      'table',
      { class: 'figures' },
      make(
        'thead',
        {},
        make(
          'tr',
          {},
          ...columns.map(([head, , isNumber]) =>
            make('th', { scope: 'col', class: isNumber ? 'number' : '' }, head),
          ),
        ),
      ),
      make(
        'tbody',
        {},
        ...lines.map((line) =>
          make(
            'tr',
            { class: line.is_primary === true ? 'is-primary' : '' },
            ...columns.map(([, cell, isNumber]) =>
              make('td', { class: isNumber ? 'number' : '' }, cell(line)),
            ),
          ),
        ),
      ),
    ),
  )
  reachWhenScrolling(box)
  return box
}

function panel(title: string, hint: string, ...content: HTMLElement[]): HTMLElement {
  return make(
    'section',
    { class: 'sheet' },
    make('h2', {}, title),
    make('p', { class: 'hint' }, hint),
    ...content,
  )
}

// --- Panels ---------------------------------------------------------------------------------------

function headline(results: Results): HTMLElement {
  const primary = results.acceptance.find(
    (line) => line.is_primary === true && who(line) === 'All raters' && line.group === 'all',
  )
  if (!primary || isUndefined(primary.rate)) {
    return make('p', { class: 'notice is-warning' }, 'Nothing was rated, so there is no rate.')
  }
  return make(
    'p',
    { class: 'notice', 'data-result': 'headline' },
    make('strong', {}, `${share(primary.rate)} acceptable`),
    ` (95 % interval ${share(primary.low)} to ${share(primary.high)}; ${String(primary.accepted)} of ${String(primary.rated)} presentations of ${String(primary.cases)} cases; ${rule(primary)}).`,
  )
}

function acceptancePanel(results: Results): HTMLElement {
  const columns: Column<Acceptance>[] = [
    ['Rater', who],
    ['Verdict', rule],
    ['Accepted', (line) => `${String(line.accepted)} of ${String(line.rated)}`, true],
    ['Rate (95 % interval)', (line) => estimate(line, 'rate', 'low', 'high', share), true],
  ]
  const group: Column<Acceptance> = ['Of', (line) => `${String(line.group)}: ${String(line.name)}`]
  const parts = results.acceptance.filter(
    (line) => line.group !== 'all' && line.is_primary === true,
  )
  const methods = parts.filter((line) => line.group === 'method' && who(line) === 'All raters')
  return panel(
    'Acceptance',
    'Share of rated presentations that were accepted, with the Korn-Graubard interval (the case is the cluster). The highlighted analysis is the primary one of the design.',
    table(
      results.acceptance.filter((line) => line.group === 'all'),
      columns,
    ),
    ...(methods.length > 1
      ? [table(methods, [['Method', (line) => String(line.name)], ...columns])]
      : []),
    make(
      'details',
      {},
      make('summary', {}, 'By method, occasion and number of drawn lesions (primary analysis)'),
      table(parts, [group, ...columns]),
    ),
  )
}

function masksPanel(results: Results): HTMLElement {
  return panel(
    'Masks',
    'Masks with all their presentations rated: accepted every time, sometimes, never.',
    table(results.masks, [
      ['Rater', who],
      ['Verdict', rule],
      ['Masks', (line) => plain(line.masks), true],
      ['Every time', (line) => plain(line.every_time), true],
      ['Sometimes', (line) => plain(line.sometimes), true],
      ['Never', (line) => plain(line.never), true],
      [
        'Every time (95 % interval)',
        (line) => estimate(line, 'rate_every_time', 'every_time_low', 'every_time_high', share),
        true,
      ],
    ]),
  )
}

function intraPanel(results: Results): HTMLElement {
  return panel(
    'Same rater, same mask, twice',
    'First against second showing. Where nearly everything is accepted, read kappa and AC1 beside the counts.',
    table(results.intra_rater, [
      ['Rater', who],
      ['Verdict', rule],
      ['Both accepted', (line) => plain(line.both_accepted), true],
      ['Only first', (line) => plain(line.only_first_accepted), true],
      ['Only second', (line) => plain(line.only_second_accepted), true],
      ['Both rejected', (line) => plain(line.both_rejected), true],
      [
        'Agreement',
        (line) => estimate(line, 'agreement', 'agreement_low', 'agreement_high', share),
        true,
      ],
      ['AC1', (line) => estimate(line, 'ac1', 'ac1_low', 'ac1_high', decimal), true],
      ['Kappa', (line) => estimate(line, 'kappa', 'kappa_low', 'kappa_high', decimal), true],
    ]),
  )
}

function interPanel(results: Results): HTMLElement {
  if (results.inter_rater.length === 0) {
    return panel('Between raters', 'One rater alone: there is no agreement between raters.')
  }
  return panel(
    'Between raters',
    'Mean over masks of the share of pairs of showings answered alike.',
    table(results.inter_rater, [
      ['Raters', (line) => `${String(line.rater)} and ${String(line.other_rater)}`],
      ['Verdict', rule],
      ['Masks', (line) => plain(line.masks), true],
      [
        'Agreement',
        (line) => estimate(line, 'agreement', 'agreement_low', 'agreement_high', share),
        true,
      ],
      ['AC1', (line) => estimate(line, 'ac1', 'ac1_low', 'ac1_high', decimal), true],
      ['Kappa', (line) => estimate(line, 'kappa', 'kappa_low', 'kappa_high', decimal), true],
    ]),
  )
}

function verdictsPanel(results: Results): HTMLElement {
  return panel(
    "The rater's verdict and the counts",
    'How often the two verdicts differ, and which way. A conflict is data; it is never corrected.',
    table(results.verdicts, [
      ['Rater', who],
      ['Rated', (line) => plain(line.rated), true],
      ['Exactly 90 %', (line) => plain(line.boundary), true],
      ['Rater accepts, counts do not', (line) => plain(line.conflict_rater_accepts), true],
      ['Rater rejects, counts do not', (line) => plain(line.conflict_rater_rejects), true],
    ]),
  )
}

function missingPanel(results: Results): HTMLElement {
  const planned = new Map(results.presentations.map((line) => [line.rater, line]))
  return panel(
    'What is missing',
    'Answers without a rating are in no rate. The bounds say what the primary rate would be if all of them had been rejected, or accepted.',
    table(results.missing, [
      ['Rater', who],
      ['Planned', (line) => plain(planned.get(line.rater)?.planned), true],
      ['Unreadable', (line) => plain(planned.get(line.rater)?.unreadable), true],
      ['Wrong mask', (line) => plain(planned.get(line.rater)?.wrong_mask), true],
      ['Without an answer', (line) => plain(line.missing), true],
      [
        'Bounds of the rate',
        (line) =>
          isUndefined(line.rate_if_not_rated_rejected)
            ? plain(line.rate_if_not_rated_rejected)
            : `${share(line.rate_if_not_rated_rejected)} to ${share(line.rate_if_not_rated_accepted)}`,
        true,
      ],
    ]),
  )
}

/** The bundle, and a field for why it is taken out. */
function download(slug: string): HTMLElement[] {
  const bundle = (reason?: string): string =>
    address('/api/v1/studies/{slug}/bundle/', { slug, reason })
  const link = make(
    'a',
    { class: 'button primary', href: bundle(), download: '' },
    'Download the bundle',
  )
  const why = make('input', {
    type: 'text',
    maxlength: 500,
    placeholder: 'Why (if you like)',
    'aria-label': 'Why the bundle is downloaded, kept by the audit log',
    input: () => {
      link.href = bundle(why.value.trim() || undefined)
    },
  })
  return [link, why]
}

function notesPanel(results: Results): HTMLElement {
  return panel(
    'How to read this',
    'These notes are part of the bundle.',
    make('ul', {}, ...results.notes.map((note) => make('li', {}, note))),
  )
}

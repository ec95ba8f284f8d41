// A closed study: what was found, group by group, with figures; and everything as a bundle.

import { address, request } from '../api/client'
import type { Report, Study } from '../api/types'
import { make, plural, setText } from '../elements'
import { reachWhenScrolling } from '../scrolling'
import { hashes, type StudyPageData } from '../study/studyPage'
import { timeFormat } from '../time'
import { examplesPanel } from './examples'
import { figurePanel } from './figure'
import { sectionPanel } from './section'

export async function showResults(
  root: HTMLElement,
  study: Study,
  data: StudyPageData,
): Promise<void> {
  const slug = data.study
  const [report, examples] = await Promise.all([
    request('GET', '/api/v1/studies/{slug}/report/', { slug }),
    examplesPanel(slug),
  ])
  root.replaceChildren(
    make(
      'p',
      {},
      `${plural(study.items.length, 'mask')}, ${plural(study.raters.length, 'rater')}. Closed ${day(study.closed_at)}: ${study.closing_reason}`,
    ),
    headline(report),
    downloads(slug),
    contents(report),
    ...report.groups.flatMap((group) => [
      make('h2', { id: group.id }, group.title),
      ...group.sections.flatMap((section) => [
        sectionPanel(section),
        ...report.figures
          .filter((figure) => figure.section === section.id)
          .map((figure) => figurePanel(figure, section.title)),
      ]),
    ]),
    make('h2', { id: 'examples' }, 'Example slices'),
    examples,
    make('h2', { id: 'design' }, 'How it was done'),
    paragraphs('Methods', '', report.methods),
    list('Limits of this design', report.limits),
    list('How to read the tables', report.notes),
    checklists(report),
    hashes(study, 'h3'),
  )
}

function day(at: string | null | undefined): string {
  return at ? timeFormat({ dateStyle: 'long' })(at) : ''
}

function headline(report: Report): HTMLElement {
  if (!report.headline) {
    return make('p', { class: 'notice is-warning' }, report.headline_rest)
  }
  return make(
    'p',
    { class: 'notice', 'data-result': 'headline' },
    make('strong', {}, report.headline),
    ` ${report.headline_rest}`,
  )
}

const WHAT_EACH_HAS =
  'The report is one page to read and print. The bundle has it too, with every answer, mark, table and figure.'

/** The report, the bundle, and a field for why they are taken out. */
function downloads(slug: string): HTMLElement {
  const report = (reason?: string): string =>
    address('/api/v1/studies/{slug}/report.html', { slug, reason })
  const bundle = (reason?: string): string =>
    address('/api/v1/studies/{slug}/bundle/', { slug, reason })
  const said = make('span', { class: 'hint', role: 'status' }, WHAT_EACH_HAS)
  /** While the browser shows nothing yet. */
  const beingMade = (what: string): void => {
    const words = `The ${what} is being made; your browser saves it in some seconds.`
    setText(said, words)
    setTimeout(() => {
      if (said.textContent === words) setText(said, WHAT_EACH_HAS)
    }, 20_000)
  }
  const links = {
    report: make(
      'a',
      { class: 'button', href: report(), download: '', click: () => beingMade('report') },
      'Download the report',
    ),
    bundle: make(
      'a',
      { class: 'button primary', href: bundle(), download: '', click: () => beingMade('bundle') },
      'Download the bundle',
    ),
  }
  const why = make('input', {
    type: 'text',
    maxlength: 500,
    placeholder: 'Why (if you like)',
    'aria-label': 'Why it is downloaded, kept by the audit log',
    input: () => {
      const reason = why.value.trim() || undefined
      links.report.href = report(reason)
      links.bundle.href = bundle(reason)
    },
  })
  return make('div', { class: 'actions' }, links.bundle, links.report, why, said)
}

function contents(report: Report): HTMLElement {
  const links = [
    ...report.groups.map((group) => [group.id, group.title] as const),
    ['examples', 'Example slices'] as const,
    ['design', 'How it was done'] as const,
  ]
  return make(
    'nav',
    { class: 'tabs', 'aria-label': 'On this page' },
    ...links.map(([id, title]) => make('a', { href: `#${id}` }, title)),
  )
}

function paragraphs(title: string, hint: string, texts: readonly string[]): HTMLElement {
  return make(
    'section',
    { class: 'sheet' },
    make('h3', {}, title),
    ...(hint ? [make('p', { class: 'hint' }, hint)] : []),
    ...texts.map((text) => make('p', {}, text)),
  )
}

function list(title: string, texts: readonly string[]): HTMLElement {
  return make(
    'section',
    { class: 'sheet' },
    make('h3', {}, title),
    make('ul', {}, ...texts.map((text) => make('li', {}, text))),
  )
}

/** Reporting check lists, folded: they are long and wanted late. */
function checklists(report: Report): HTMLElement {
  const sheet = make(
    'section',
    { class: 'sheet' },
    make('h3', {}, 'Reporting check lists'),
    make(
      'p',
      { class: 'hint' },
      'Filled where the data of the study answer; the rest is for the authors to say.',
    ),
  )
  for (const { title, published, items } of report.checklists) {
    const rows = items.map(({ item, asked, answer }) =>
      make('tr', {}, make('td', {}, item), make('td', {}, asked), make('td', {}, answer)),
    )
    const heads = ['Item', 'Asked', 'Answer'].map((head) => make('th', { scope: 'col' }, head))
    const box = make(
      'div',
      { class: 'scroll', role: 'group', 'aria-label': title },
      make(
        'table',
        { class: 'figures' },
        make('thead', {}, make('tr', {}, ...heads)),
        make('tbody', {}, ...rows),
      ),
    )
    reachWhenScrolling(box)
    const source = make('p', { class: 'hint' }, published)
    sheet.append(make('details', {}, make('summary', {}, title), source, box))
  }
  return sheet
}

// A closed reference study: which dots were accepted, and the references that came of it.

import { request } from '../api/client'
import type { Accepted, ReferenceResults, ReferenceStudy } from '../api/types'
import { make, plural } from '../elements'
import { timeFormat } from '../time'
import { showTrouble } from '../trouble'
import { casesPanel, proof, table, whoLeft } from './progress'
import type { ReferencePageData } from './referencePage'

const day = timeFormat({ dateStyle: 'long' })

export async function showResults(
  root: HTMLElement,
  study: ReferenceStudy,
  data: ReferencePageData,
  refresh: () => Promise<void>,
): Promise<void> {
  const where = { slug: data.study }
  const found = await request('GET', '/api/v1/reference-studies/{slug}/results/', where)
  root.replaceChildren(
    make(
      'p',
      { class: 'notice' },
      `Closed ${study.closed_at ? day(study.closed_at) : ''}: ${study.closing_reason}`,
    ),
    ...leaversNotice(study),
    acceptancePanel(found),
    referencesPanel(study, found, data, refresh),
    casesPanel(study, 0, data, refresh),
    proof(study, found.secret),
  )
}

function leaversNotice(study: ReferenceStudy): HTMLElement[] {
  const said = whoLeft(study)
  if (!said) return []
  const what =
    'What was submitted before counts; the union, intersection and majority are of those who stayed.'
  return [make('p', { class: 'notice' }, `${said} ${what}`)]
}

function acceptancePanel({ acceptance, method_titles }: ReferenceResults): HTMLElement {
  const people = [...new Set(acceptance.map(({ delineator }) => delineator))]
  const titles: Readonly<Record<string, string>> = method_titles
  return make(
    'section',
    { class: 'sheet' },
    make('h2', {}, 'Which dots were called lesions'),
    make(
      'p',
      { class: 'hint' },
      'A dot counts for every source that it comes from. With its 95 % interval (Korn and Graubard, cases as clusters). In the last column, those that nobody and nothing else has found.',
    ),
    ...people.flatMap((person) => [
      make('h3', {}, person || 'Everybody together'),
      acceptanceTable(
        acceptance.filter(({ delineator }) => delineator === person),
        titles,
      ),
    ]),
  )
}

function acceptanceTable(
  rows: readonly Accepted[],
  titles: Readonly<Record<string, string>>,
): HTMLElement {
  return table(
    ['Dots of', 'Decided', 'Lesion', 'Not a lesion', 'Unsure', 'Accepted', 'Found by it alone'],
    rows
      .filter(({ only }) => !only)
      .map((row) => {
        const alone = rows.find(({ dots_of, only }) => only && dots_of === row.dots_of)
        return [
          named(row.dots_of, titles),
          String(row.dots),
          String(row.lesion),
          String(row.not_a_lesion),
          String(row.unsure),
          share(row),
          alone ? share(alone) : '',
        ]
      }),
    ['Decided', 'Lesion', 'Not a lesion', 'Unsure'],
  )
}

function named(source: string, titles: Readonly<Record<string, string>>): string {
  if (source === 'own') return 'their own first step'
  if (source === 'colleague') return 'a colleague'
  if (source === 'sham') return 'nobody (sham dots)'
  return titles[source] ?? source
}

function share(row: Accepted): Node | string {
  if (row.share === null || row.low === null || row.high === null) {
    return make('span', { class: 'undefined' }, `undefined: ${row.undefined}`)
  }
  const [at, low, high] = [row.share, row.low, row.high].map((part) => Math.round(100 * part))
  return `${at} % (${low} to ${high}), ${row.lesion} of ${row.dots}`
}

function referencesPanel(
  study: ReferenceStudy,
  found: ReferenceResults,
  data: ReferencePageData,
  refresh: () => Promise<void>,
): HTMLElement {
  const trouble = make('p', { class: 'trouble', role: 'alert' })
  const made = found.references.length > 0
  const words = made ? 'Make what is missing' : 'Make the references'
  const build = async (): Promise<void> => {
    button.disabled = true
    button.textContent = 'Making the references…'
    try {
      const where = { slug: study.id }
      const said = new Set<string>()
      let after = ''
      do {
        const path = '/api/v1/reference-studies/{slug}/masks/'
        const made = await request('POST', path, where, { after })
        for (const one of made.notes) said.add(one)
        after = made.after
        if (after) button.textContent = `Making the references… ${plural(made.left, 'case')} left`
      } while (after)
      await refresh()
      const place = document.getElementById('reference-notes') // the page is another one now
      if (place) place.textContent = [...said].join(' ')
    } catch (error) {
      showTrouble(trouble, error)
    } finally {
      button.disabled = false
      button.textContent = words
    }
  }
  const button = make(
    'button',
    {
      type: 'button',
      class: made ? '' : 'primary',
      'data-action': 'make',
      click: () => void build(),
    },
    words,
  )
  return make(
    'section',
    { class: 'sheet' },
    make('h2', {}, 'References'),
    make(
      'p',
      { class: 'hint' },
      'A mask of each delineator and step, and of the second step their union, intersection and majority; all without lesions below the smallest size. They become masks of their cases, and an evaluation can compare methods with them by name.',
    ),
    ...(made
      ? [
          table(
            ['Case', 'Reference', 'Lesions', 'Volume'],
            found.references.map((one) => [
              make('a', { href: data.case_page.replace('CODE', one.case) }, one.case),
              one.title,
              plural(one.lesions, 'lesion'),
              `${one.volume_ml.toFixed(2)} ml`,
            ]),
            ['Lesions', 'Volume'],
          ),
        ]
      : []),
    make(
      'div',
      { class: 'actions' },
      ...(made
        ? [make('a', { class: 'button primary', href: data.evaluations }, 'Evaluate methods')]
        : []),
      button,
      make(
        'a',
        {
          class: 'button',
          href: `/api/v1/reference-studies/${study.id}/bundle/`,
          download: true,
        },
        'Download everything (zip)',
      ),
    ),
    trouble,
    make('p', { id: 'reference-notes', class: 'hint', role: 'status' }),
  )
}

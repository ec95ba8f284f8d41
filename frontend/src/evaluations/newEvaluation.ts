// Asking for an evaluation, and making a reference of several delineations. What is refused is said
// beside its field.

import { request } from '../api/client'
import { Refused } from '../api/errors'
import type { Profile, Rule } from '../api/types'
import { make, plural, setText } from '../elements'
import { numberField, numberIn, refuseUnreadable } from '../numbers'
import { labelOf, offered, type Reference, referencesOf } from '../references'
import { showTrouble } from '../trouble'
import { type Box, exchangeBoxes, Fields, ticked } from './form'

export interface CohortChoice {
  readonly slug: string
  readonly title: string
  readonly references: readonly Reference[]
  readonly methods: readonly {
    readonly name: string
    readonly title: string
    readonly cases: number
  }[]
}

export interface NewEvaluationData {
  readonly cohorts: readonly CohortChoice[]
  readonly profiles: readonly { readonly name: Profile; readonly title: string }[]
  readonly rules: readonly { readonly name: Rule; readonly title: string }[]
  readonly min_volume_mm3: number
  /** The address of an evaluation's page, with ID for its id. */
  readonly evaluation_page: string
}

/** This will make the form for a new evaluation. */
export function newEvaluation(data: NewEvaluationData): HTMLFormElement {
  const fields = new Fields('evaluation')
  const trouble = make('p', { class: 'trouble', role: 'alert' })
  const title = make('input', { maxlength: 120, required: true })
  const cohort = cohortSelect(data)
  const methods = make('fieldset')
  const references = make('fieldset')
  const profile = make(
    'select',
    {},
    ...data.profiles.map((one) => make('option', { value: one.name }, one.title)),
  )
  const least = numberField(data.min_volume_mm3)
  const begin = make('button', { class: 'primary' }, 'Evaluate')
  const arrange = (): void => {
    const chosen = data.cohorts.find(({ slug }) => slug === cohort.value)
    exchangeBoxes(
      methods,
      (chosen?.methods ?? []).map(({ name, title, cases }) => ({
        value: name,
        text: `${title} (${plural(cases, 'case')})`,
        checked: true,
      })),
    )
    exchangeBoxes(references, referenceBoxes(chosen))
  }
  cohort.addEventListener('change', arrange)
  const form = make(
    'form',
    { class: 'sheet', novalidate: true, 'aria-labelledby': 'new-evaluation' },
    make('h2', { id: 'new-evaluation' }, 'New evaluation'),
    ...fields.field('title', 'Title', title, 'The bundle is called by it.'),
    ...fields.field('cohort', 'Cohort', cohort),
    ...fields.boxes('methods', 'Methods', methods, 'The newest mask of each case counts.'),
    ...fields.boxes(
      'references',
      'References',
      references,
      'With two or more, they are compared with each other too.',
    ),
    make(
      'details',
      {},
      make('summary', {}, 'How masks are compared'),
      ...fields.field('profile', 'Lesions match by', profile),
      ...fields.field(
        'min_volume_mm3',
        'Smallest lesion (mm³)',
        least,
        'Smaller ones are removed from all masks first.',
      ),
    ),
    trouble,
    make('div', { class: 'actions' }, begin),
  )
  const send = async (): Promise<void> => {
    fields.say({})
    setText(trouble, '')
    begin.disabled = true
    const chosen = data.profiles.find(({ name }) => name === profile.value)?.name ?? 'one-voxel'
    try {
      refuseUnreadable({ min_volume_mm3: least })
      const body = {
        title: title.value,
        methods: ticked(methods),
        references: ticked(references),
        min_volume_mm3: numberIn(least) ?? data.min_volume_mm3,
        profile: chosen,
      }
      const slug = cohort.value
      const made = await request('POST', '/api/v1/cohorts/{slug}/evaluations/', { slug }, body)
      location.assign(data.evaluation_page.replace('ID', made.id))
    } catch (error) {
      begin.disabled = false
      if (error instanceof Refused && fields.knows(error.fields)) fields.say(error.fields)
      else showTrouble(trouble, error)
    }
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void send()
  })
  arrange()
  return form
}

/** This will make the form that fuses delineations into a reference. */
export function newReference(data: NewEvaluationData): HTMLFormElement {
  const fields = new Fields('reference')
  const trouble = make('p', { class: 'trouble', role: 'alert' })
  const told = make('p', { role: 'status' })
  const cohort = cohortSelect(data)
  const of = make('fieldset')
  const rule = make(
    'select',
    {},
    ...data.rules.map(({ name, title }) => make('option', { value: name }, title)),
  )
  const begin = make('button', {}, 'Make the reference')
  const arrange = (): void => {
    exchangeBoxes(of, referenceBoxes(data.cohorts.find(({ slug }) => slug === cohort.value)))
  }
  cohort.addEventListener('change', arrange)
  const form = make(
    'form',
    { class: 'sheet', novalidate: true, 'aria-labelledby': 'new-reference' },
    make('h2', { id: 'new-reference' }, 'A reference of several delineations'),
    make(
      'p',
      { class: 'hint' },
      'Made in every case that has all of them, and stored beside them. Of two masks, the majority is their intersection.',
    ),
    ...fields.field('cohort', 'Cohort', cohort),
    ...fields.boxes('of', 'Made of', of),
    ...fields.field('rule', 'Rule', rule),
    trouble,
    told,
    make('div', { class: 'actions' }, begin),
  )
  const send = async (): Promise<void> => {
    fields.say({})
    setText(trouble, '')
    setText(told, '')
    const chosen = data.rules.find(({ name }) => name === rule.value)
    if (!chosen) return
    begin.disabled = true
    try {
      const body = { of: ticked(of), rule: chosen.name }
      const slug = cohort.value
      const made = await request('POST', '/api/v1/cohorts/{slug}/references/', { slug }, body)
      const what = `${made.title || 'No reference'}: ${plural(made.cases, 'case')}.`
      setText(told, [what, ...made.notes, 'Reload the page to choose it.'].join(' '))
    } catch (error) {
      if (error instanceof Refused && fields.knows(error.fields)) fields.say(error.fields)
      else showTrouble(trouble, error)
    } finally {
      begin.disabled = false
    }
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void send()
  })
  arrange()
  return form
}

function cohortSelect(data: NewEvaluationData): HTMLSelectElement {
  return make(
    'select',
    {},
    ...data.cohorts.map(({ slug, title }) => make('option', { value: slug }, title)),
  )
}

/** The references of a cohort to tick. */
function referenceBoxes(cohort: CohortChoice | undefined): Box[] {
  return offered(referencesOf(cohort ? [cohort] : [])).map((one) => ({
    value: one.name,
    text: `${labelOf(one)} (${plural(one.cases, 'case')})`,
    checked: false,
  }))
}

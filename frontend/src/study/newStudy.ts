// Starting a study: a title and a cohort.

import { request } from '../api/client'
import { make } from '../elements'
import { showTrouble } from '../trouble'

export interface NewStudyData {
  readonly cohorts: readonly { readonly slug: string; readonly title: string }[]
  /** The address of a study's page, with SLUG for its id. */
  readonly study_page: string
}

export function showNewStudy(root: HTMLElement, data: NewStudyData): void {
  const title = make('input', { id: 'new-title', required: true, maxlength: 120 })
  const cohort = make(
    'select',
    { id: 'new-cohort' },
    ...data.cohorts.map((one) => make('option', { value: one.slug }, one.title)),
  )
  const trouble = make('p', { class: 'trouble', role: 'alert' })
  const create = make('button', { type: 'submit', class: 'primary' }, 'Create the draft')
  const form = make(
    'form',
    { class: 'sheet' },
    make('h2', {}, 'New study'),
    make('label', { for: 'new-title' }, 'Title'),
    title,
    make('p', { class: 'hint' }, 'Raters see it, so it should name no method.'),
    make('label', { for: 'new-cohort' }, 'Cohort'),
    cohort,
    trouble,
    make('div', { class: 'actions' }, create),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    create.disabled = true
    const where = { slug: cohort.value }
    request('POST', '/api/v1/cohorts/{slug}/studies/', where, { title: title.value })
      .then((study) => location.assign(data.study_page.replace('SLUG', study.id)))
      .catch((error: unknown) => {
        create.disabled = false
        showTrouble(trouble, error)
      })
  })
  root.replaceChildren(form)
}

// Starting a reference study: a title and a cohort.

import { request } from '../api/client'
import { Refused } from '../api/errors'
import { make, setText } from '../elements'
import { Fields } from '../evaluations/form'
import { showTrouble } from '../trouble'

export interface NewReferenceData {
  readonly cohorts: readonly { readonly slug: string; readonly title: string }[]
  /** The address of a reference study's page, with SLUG for its id. */
  readonly study_page: string
}

export function showNewReference(root: HTMLElement, data: NewReferenceData): void {
  const fields = new Fields('new-reference')
  const title = make('input', { required: true, maxlength: 80 })
  const cohort = make(
    'select',
    {},
    ...data.cohorts.map((one) => make('option', { value: one.slug }, one.title)),
  )
  const trouble = make('p', { class: 'trouble', role: 'alert' })
  const create = make('button', { type: 'submit', class: 'primary' }, 'Create the draft')
  const form = make(
    'form',
    { class: 'sheet' },
    make('h2', {}, 'New reference study'),
    ...fields.field(
      'title',
      'Title',
      title,
      'Delineators see it, and the references are called by it.',
    ),
    ...fields.field('cohort', 'Cohort', cohort),
    trouble,
    make('div', { class: 'actions' }, create),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    create.disabled = true
    fields.say({})
    setText(trouble, '')
    const where = { slug: cohort.value }
    request('POST', '/api/v1/cohorts/{slug}/reference-studies/', where, { title: title.value })
      .then((study) => location.assign(data.study_page.replace('SLUG', study.id)))
      .catch((error: unknown) => {
        create.disabled = false
        if (error instanceof Refused && fields.knows(error.fields)) fields.say(error.fields)
        else showTrouble(trouble, error)
      })
  })
  root.replaceChildren(form)
}

// A coordinator's reference study: a design to edit, then a pace to watch, then what came of it.

import { request } from '../api/client'
import { make } from '../elements'
import { keepFocus } from '../focus'
import { showTrouble } from '../trouble'
import { showDraft } from './draft'
import { showProgress } from './progress'
import { showResults } from './results'

export interface ReferencePageData {
  /** Its id. */
  readonly study: string
  readonly studies: string
  /** The address of a case's page, with CODE for its code. */
  readonly case_page: string
  readonly evaluations: string
}

/** This will show a reference study inside `root`, by its state. */
export async function showReference(root: HTMLElement, data: ReferencePageData): Promise<void> {
  const refresh = (): Promise<void> => showReference(root, data)
  if (!root.querySelector('h1'))
    root.replaceChildren(make('p', { class: 'hint' }, 'Loading the study…'))
  try {
    const where = { slug: data.study }
    const study = await request('GET', '/api/v1/reference-studies/{slug}/', where)
    const heading = make(
      'div',
      { class: 'title-row' },
      make('h1', {}, study.title),
      make('span', { class: `state is-${study.state}` }, study.state),
    )
    const body = make('div')
    if (study.state === 'open') showProgress(body, study, data, refresh)
    else if (study.state === 'closed') await showResults(body, study, data, refresh)
    else await showDraft(body, study, data, refresh)
    keepFocus(root, () => root.replaceChildren(heading, body))
  } catch (error) {
    const again = make('button', { type: 'button', click: () => void refresh() }, 'Try again')
    const trouble = make('p', { class: 'notice is-danger', role: 'alert' })
    showTrouble(trouble, error)
    keepFocus(root, () => root.replaceChildren(trouble, again), again)
  }
}

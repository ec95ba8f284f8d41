// A coordinator's study: a design to edit, then a pace to watch, then results.

import { request } from '../api/client'
import type { Study } from '../api/types'
import { make, whileResting } from '../elements'
import { keepFocus } from '../focus'
import { showResults } from '../results/resultsPage'
import { showTrouble } from '../trouble'
import { showDraft } from './draft'
import { showPairing } from './pairing'
import { showProgress } from './progress'

export interface StudyPageData {
  /** Its id. */
  readonly study: string
  readonly studies: string
}

/** This will show a study inside `root`, by its state. */
export async function showStudy(root: HTMLElement, data: StudyPageData): Promise<void> {
  const refresh = (): Promise<void> => showStudy(root, data)
  if (!root.querySelector('h1'))
    root.replaceChildren(make('p', { class: 'hint' }, 'Loading the study…'))
  try {
    const study = await request('GET', '/api/v1/studies/{slug}/', { slug: data.study })
    let save = async (): Promise<void> => undefined
    const heading = make(
      'div',
      { class: 'title-row' },
      make('h1', {}, study.title),
      make(
        'div',
        { class: 'choices' },
        make('span', { class: `state is-${study.state}` }, study.state),
        ...duplicateButton(study, data, () => save()),
      ),
    )
    const body = make('div')
    if (study.state === 'open') showProgress(body, study, data, refresh)
    else if (study.state === 'closed') await showResults(body, study, data)
    else if (study.pairing?.is_waiting) showPairing(body, study, study.pairing, data, refresh)
    else save = await showDraft(body, study, data, refresh)
    keepFocus(root, () => root.replaceChildren(heading, body))
  } catch (error) {
    const again = make('button', { type: 'button', click: () => void refresh() }, 'Try again')
    const trouble = make('p', { class: 'notice is-danger', role: 'alert' })
    showTrouble(trouble, error)
    keepFocus(root, () => root.replaceChildren(trouble, again), again)
  }
}

/** The way to a new draft with the same design, masks and raters, once this one is saved. */
function duplicateButton(
  study: Study,
  data: StudyPageData,
  save: () => Promise<void>,
): HTMLElement[] {
  const trouble = make('span', { class: 'trouble', role: 'alert' })
  const duplicate = async (): Promise<void> => {
    try {
      await save()
      const copy = await request('POST', '/api/v1/studies/{slug}/duplicate/', { slug: study.id })
      location.assign(`${data.studies}${copy.id}/`)
    } catch (error) {
      showTrouble(trouble, error)
    }
  }
  const title = 'A new draft with this design, these masks and raters; its order is drawn anew'
  const click = (): void => void whileResting(button, duplicate())
  const button = make('button', { type: 'button', class: 'quiet', title, click }, 'Duplicate')
  return [button, trouble]
}

/** The hashes that were fixed at opening, and how to check them. */
export function hashes(study: Study, heading: 'h2' | 'h3' = 'h2'): HTMLElement {
  const facts = make('dl', { class: 'facts' })
  const add = (name: string, value: string): void => {
    facts.append(make('dt', {}, name), make('dd', { class: 'hash' }, value))
  }
  add('Design (SHA-256)', study.design_sha256)
  add('Commitment', study.commitment)
  if (study.secret) add('Secret', study.secret)
  return make(
    'section',
    { class: 'sheet' },
    make(heading, {}, 'Proof'),
    make(
      'p',
      {},
      study.secret
        ? 'The commitment is the SHA-256 of the secret (as bytes) followed by design.json. Both are in the bundle, and every order follows from them, so anybody can check that no order was touched.'
        : 'Design and order were fixed when the study opened. The secret behind the commitment is revealed when it closes, so that anybody can check that no order was touched.',
    ),
    facts,
  )
}

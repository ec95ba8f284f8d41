// All evaluations in the cohorts that one coordinates, and the way to a new one.

import { request } from '../api/client'
import type { EvaluationInList } from '../api/types'
import { make } from '../elements'
import { timeFormat } from '../time'
import { trainingText } from '../trainings/words'
import { WatchedList } from '../watchedList'
import { type NewEvaluationData, newEvaluation, newReference } from './newEvaluation'

export interface EvaluationsPageData extends NewEvaluationData {
  readonly cases: string
}

const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'short' })

export class EvaluationsPage {
  constructor(
    root: HTMLElement,
    private readonly data: EvaluationsPageData,
  ) {
    const forms = this.isPossible ? [newEvaluation(data), newReference(data)] : []
    const list = new WatchedList<EvaluationInList>({
      ask: (page) => request('GET', '/api/v1/evaluations/', page),
      isMoving: ({ state }) => state === 'queued' || state === 'running',
      table: (rows) => this.table(rows),
      nothing: () => this.nothing(),
    })
    root.replaceChildren(...list.elements, ...forms)
  }

  private get isPossible(): boolean {
    return this.data.cohorts.some(({ references }) => references.length > 0)
  }

  private nothing(): HTMLElement {
    const what =
      'An evaluation compares the masks of methods with those that people drew: overlap, lesions found, volumes, and how much people differ among themselves.'
    return make(
      'section',
      { class: 'empty' },
      make('h2', {}, 'No evaluation yet'),
      this.advice(what),
    )
  }

  private advice(what: string): HTMLElement {
    if (this.isPossible) return make('p', {}, `${what} Choose below what is compared.`)
    if (this.data.cohorts.length === 0) {
      return make('p', {}, `${what} The coordinator of a cohort asks for one.`)
    }
    return make(
      'p',
      {},
      `${what} None of your cohorts has masks that people drew. Bring cases in with a mask under `,
      make('a', { href: this.data.cases }, 'Cases'),
      '.',
    )
  }

  private table(evaluations: readonly EvaluationInList[]): HTMLElement {
    const names = ['Evaluation', 'Cohort', 'References', 'State', 'Asked for']
    return make(
      'table',
      { class: 'rows' },
      make('thead', {}, make('tr', {}, ...names.map((name) => make('th', { scope: 'col' }, name)))),
      make('tbody', {}, ...evaluations.map((one) => this.row(one))),
    )
  }

  private row(evaluation: EvaluationInList): HTMLElement {
    const { id, title, cohort, references, state, queued_at } = evaluation
    const href = this.data.evaluation_page.replace('ID', id)
    return make(
      'tr',
      { 'data-state': state },
      make('th', { scope: 'row' }, make('a', { href, 'data-key': id }, title)),
      make('td', {}, cohort),
      make('td', {}, references.join(', ')),
      make('td', {}, trainingText(evaluation)),
      make('td', {}, make('time', {}, moment(queued_at))),
    )
  }
}

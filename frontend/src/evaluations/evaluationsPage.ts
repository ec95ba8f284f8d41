// All evaluations in the cohorts that one coordinates, and the way to a new one.

import { request } from '../api/client'
import type { EvaluationInList, EvaluationsAnswer } from '../api/types'
import { make } from '../elements'
import { keepFocus } from '../focus'
import { pager } from '../pager'
import { timeFormat } from '../time'
import { trainingText } from '../trainings/words'
import { showTrouble } from '../trouble'
import { type NewEvaluationData, newEvaluation, newReference } from './newEvaluation'

export interface EvaluationsPageData extends NewEvaluationData {
  readonly cases: string
}

const PAGE_SIZE = 50
const POLL_MS = 3000
const POLL_AT_REST_MS = 15_000

const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'short' })

export class EvaluationsPage {
  private page = 1
  private shown = ''
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly trouble = make('p', { class: 'trouble', role: 'alert' })
  private readonly list = make('div')

  constructor(
    root: HTMLElement,
    private readonly data: EvaluationsPageData,
  ) {
    const forms = this.isPossible ? [newEvaluation(data), newReference(data)] : []
    root.replaceChildren(this.trouble, this.list, ...forms)
    void this.load()
  }

  private get isPossible(): boolean {
    return this.data.cohorts.some(({ references }) => references.length > 0)
  }

  private async load(): Promise<void> {
    clearTimeout(this.timer)
    let wait = POLL_AT_REST_MS
    try {
      const asked = { page: this.page, page_size: PAGE_SIZE }
      const answer = await request('GET', '/api/v1/evaluations/', asked)
      this.trouble.replaceChildren()
      this.show(answer)
      const isMoving = answer.results.some(({ state }) => state === 'queued' || state === 'running')
      if (isMoving) wait = POLL_MS
    } catch (error) {
      showTrouble(this.trouble, error)
    }
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.load(), wait)
  }

  private show({ count, results }: EvaluationsAnswer): void {
    const text = JSON.stringify([count, results])
    if (text === this.shown) return
    this.shown = text
    const parts = count === 0 ? [this.nothing()] : [this.table(results), ...this.pager(count)]
    keepFocus(this.list, () => this.list.replaceChildren(...parts))
  }

  private nothing(): HTMLElement {
    const what =
      'An evaluation compares the masks of methods with those that people drew: overlap, lesions found, volumes, and how much people differ among themselves.'
    const advice = this.isPossible
      ? make('p', {}, `${what} Choose below what is compared.`)
      : make(
          'p',
          {},
          `${what} It needs a cohort that you coordinate, with masks that people drew. Bring cases in with a mask under `,
          make('a', { href: this.data.cases }, 'Cases'),
          '.',
        )
    return make('section', { class: 'empty' }, make('h2', {}, 'No evaluation yet'), advice)
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

  private pager(count: number): HTMLElement[] {
    return pager({ page: this.page, size: PAGE_SIZE, count }, (page) => {
      this.page = page
      void this.load()
    })
  }
}

// All trainings in one's cohorts, and the way to a new one.

import { request } from '../api/client'
import type { TrainingInList, TrainingsAnswer } from '../api/types'
import { make } from '../elements'
import { keepFocus } from '../focus'
import { pager } from '../pager'
import { timeFormat } from '../time'
import { showTrouble } from '../trouble'
import { NewTraining, type NewTrainingData } from './newTraining'
import { trainingText } from './words'

export interface TrainingsPageData extends NewTrainingData {
  readonly cases: string
}

const PAGE_SIZE = 50
const POLL_MS = 3000
const POLL_AT_REST_MS = 15_000

const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'short' })

export class TrainingsPage {
  private page = 1
  private shown = ''
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly trouble = make('p', { class: 'trouble', role: 'alert' })
  private readonly list = make('div')

  constructor(
    root: HTMLElement,
    private readonly data: TrainingsPageData,
  ) {
    const form = data.cohorts.some(({ references }) => references.length > 0)
      ? [new NewTraining(data).element]
      : []
    root.replaceChildren(this.trouble, this.list, ...form)
    void this.load()
  }

  private async load(): Promise<void> {
    clearTimeout(this.timer)
    let wait = POLL_AT_REST_MS
    try {
      const asked = { page: this.page, page_size: PAGE_SIZE }
      const answer = await request('GET', '/api/v1/trainings/', asked)
      this.trouble.replaceChildren()
      this.show(answer)
      if (answer.results.some(({ is_settled }) => !is_settled)) wait = POLL_MS
    } catch (error) {
      showTrouble(this.trouble, error)
    }
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.load(), wait)
  }

  private show({ count, results }: TrainingsAnswer): void {
    const text = JSON.stringify([count, results])
    if (text === this.shown) return
    this.shown = text
    const parts = count === 0 ? [this.nothing()] : [this.table(results), ...this.pager(count)]
    keepFocus(this.list, () => this.list.replaceChildren(...parts))
  }

  private nothing(): HTMLElement {
    return make('section', { class: 'empty' }, make('h2', {}, 'No training yet'), this.advice())
  }

  private advice(): HTMLElement {
    const what =
      'A training adapts a method to your own cases: it learns from masks that people made or checked, and makes a new version beside the old one.'
    if (this.data.cohorts.length === 0) {
      return make('p', {}, `${what} The coordinator of a cohort starts it.`)
    }
    if (this.data.cohorts.some(({ references }) => references.length > 0)) {
      return make('p', {}, `${what} Choose below what it learns from.`)
    }
    return make(
      'p',
      {},
      `${what} None of your cohorts has such masks. Bring cases in with a mask under `,
      make('a', { href: this.data.cases }, 'Cases'),
      ', of at least two subjects.',
    )
  }

  private table(trainings: readonly TrainingInList[]): HTMLElement {
    const names = ['Training', 'What', 'Cohorts', 'State', 'Version', 'Asked for']
    return make(
      'table',
      { class: 'rows' },
      make('thead', {}, make('tr', {}, ...names.map((name) => make('th', { scope: 'col' }, name)))),
      make('tbody', {}, ...trainings.map((training) => this.row(training))),
    )
  }

  private row(training: TrainingInList): HTMLElement {
    const { id, title, state, progress } = training
    const href = this.data.training_page.replace('ID', id)
    const preset = this.data.presets.find(({ name }) => name === training.preset)
    const how: (Node | string)[] = [trainingText(training)]
    if (state === 'running') {
      how.push(make('progress', { max: 1, value: progress, 'aria-label': `Progress of ${title}` }))
    }
    return make(
      'tr',
      { 'data-state': state },
      make('th', { scope: 'row' }, make('a', { href, 'data-key': id }, title)),
      make('td', {}, preset?.title ?? training.preset),
      make('td', {}, training.cohorts.join(', ')),
      make('td', {}, ...how),
      make('td', {}, training.version ?? make('span', { class: 'hint' }, 'none')),
      make('td', {}, make('time', {}, moment(training.queued_at))),
    )
  }

  private pager(count: number): HTMLElement[] {
    return pager({ page: this.page, size: PAGE_SIZE, count }, (page) => {
      this.page = page
      void this.load()
    })
  }
}

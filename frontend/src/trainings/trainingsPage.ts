// All trainings in one's cohorts, and the way to a new one.

import { request } from '../api/client'
import type { TrainingInList } from '../api/types'
import { make } from '../elements'
import { timeFormat } from '../time'
import { WatchedList } from '../watchedList'
import { NewTraining, type NewTrainingData } from './newTraining'
import { trainingText } from './words'

export interface TrainingsPageData extends NewTrainingData {
  readonly cases: string
}

const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'short' })

export class TrainingsPage {
  constructor(
    root: HTMLElement,
    private readonly data: TrainingsPageData,
  ) {
    const form = data.cohorts.some(({ references }) => references.length > 0)
      ? [new NewTraining(data).element]
      : []
    const list = new WatchedList<TrainingInList>({
      ask: (page) => request('GET', '/api/v1/trainings/', page),
      isMoving: ({ is_settled }) => !is_settled,
      table: (rows) => this.table(rows),
      nothing: () => this.nothing(),
    })
    root.replaceChildren(...list.elements, ...form)
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
      make('td', {}, training.version ? make('code', {}, training.version) : 'none'),
      make('td', {}, make('time', {}, moment(training.queued_at))),
    )
  }
}

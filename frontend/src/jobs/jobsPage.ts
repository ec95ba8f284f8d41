// All inference jobs that one may see: how they go, what went wrong, again or not at all.

import { request } from '../api/client'
import type { Job, JobState } from '../api/types'
import { canBeDoneAgain, isUnderway, jobText } from '../case/jobs'
import { make, plural, setText } from '../elements'
import { timeFormat } from '../time'
import { WatchedList } from '../watchedList'

export interface JobsPageData {
  readonly case_page: string
  readonly cases: string
  readonly home: string
  readonly states: readonly JobState[]
  readonly methods: readonly { readonly name: string; readonly title: string }[]
  readonly cohorts: readonly {
    readonly slug: string
    readonly title: string
    /** Whether a job of it had failed for good when the page was made. */
    readonly failed: boolean
  }[]
}

const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'short' })

export class JobsPage {
  private readonly state: HTMLSelectElement
  private readonly method: HTMLSelectElement
  private readonly cohort: HTMLSelectElement
  private readonly search = make('input', {
    type: 'search',
    maxlength: 20,
    input: () => this.list.restart(),
  })
  private readonly said = make('span', { class: 'hint', role: 'status' })
  private readonly list: WatchedList<Job>
  private readonly retries: readonly HTMLElement[]

  constructor(
    root: HTMLElement,
    private readonly data: JobsPageData,
  ) {
    this.state = this.select(['', ...data.states], (state) => state || 'any')
    this.method = this.select(['', ...data.methods.map(({ name }) => name)], (name) =>
      name ? this.titleOf(name) : 'any',
    )
    const titles = new Map(data.cohorts.map(({ slug, title }) => [slug, title]))
    this.cohort = this.select(['', ...titles.keys()], (slug) => titles.get(slug) ?? 'any')
    const asked = new URLSearchParams(location.search)
    this.cohort.value = asked.get('cohort') ?? ''
    this.state.value = asked.get('state') ?? ''
    this.search.value = asked.get('q') ?? ''
    this.retries = data.cohorts.map((cohort) => this.retryAll(cohort))
    this.list = new WatchedList<Job>({
      ask: (page) => request('GET', '/api/v1/jobs/', { ...page, ...this.asked }),
      isMoving: isUnderway,
      table: (jobs) => this.table(jobs),
      nothing: () => this.nothing(),
    })
    const filter = make(
      'div',
      { class: 'filter', role: 'search', 'aria-label': 'Jobs', hidden: titles.size === 0 },
      make('label', {}, 'State ', this.state),
      make('label', {}, 'Method ', this.method),
      make('label', { hidden: titles.size < 2 }, 'Cohort ', this.cohort),
      make('label', {}, 'Case ', this.search),
      ...this.retries,
      this.said,
    )
    root.replaceChildren(filter, ...this.list.elements)
  }

  private select(values: readonly string[], text: (value: string) => string): HTMLSelectElement {
    const options = values.map((value) => make('option', { value }, text(value)))
    return make('select', { change: () => this.list.restart() }, ...options)
  }

  private titleOf(method: string): string {
    return this.data.methods.find(({ name }) => name === method)?.title ?? method
  }

  private retryAll(cohort: JobsPageData['cohorts'][number]): HTMLElement {
    const name = this.data.cohorts.length > 1 ? ` in ${cohort.title}` : ''
    const retry = async (): Promise<void> => {
      const { queued } = await request('POST', '/api/v1/cohorts/{slug}/jobs/retry/', {
        slug: cohort.slug,
      })
      setText(
        this.said,
        queued ? `${plural(queued, 'job')} queued again.` : 'Nothing to start again here.',
      )
    }
    const click = () => void this.list.act(retry)
    const hidden = !cohort.failed
    return make('button', { type: 'button', hidden, click }, `Start all failed again${name}`)
  }

  private get isFiltered(): boolean {
    return [this.state, this.method, this.cohort, this.search].some(({ value }) => value !== '')
  }

  private get asked() {
    return {
      state: this.data.states.find((state) => state === this.state.value),
      method: this.method.value,
      cohort: this.cohort.value,
      q: this.search.value.trim(),
    }
  }

  private nothing(): HTMLElement {
    const told = (title: string, ...words: (Node | string)[]) =>
      make('section', { class: 'empty' }, make('h2', {}, title), make('p', {}, ...words))
    const what = 'A job segments one case by one method.'
    if (this.data.cohorts.length === 0) {
      return told(
        'You belong to no cohort yet',
        `${what} Cases are kept in cohorts: ask the coordinator of one to invite you. If you were asked to rate, your readings are on the `,
        make('a', { href: this.data.home }, 'home page'),
        '.',
      )
    }
    if (this.isFiltered) return told('No job fits', 'No job fits what you chose above.')
    const cases = make('a', { href: this.data.cases }, 'case')
    return told('No job yet', `${what} Open a `, cases, ' and press Segment.')
  }

  private table(jobs: readonly Job[]): HTMLElement {
    const [only, another] = this.retries // of several it is known when the page is made
    if (only && !another && jobs.some(({ state }) => state === 'failed')) only.hidden = false
    const names = ['Case', 'Method', 'State', 'Asked for']
    return make(
      'table',
      { class: 'rows' },
      make(
        'thead',
        {},
        make(
          'tr',
          {},
          ...names.map((name) => make('th', { scope: 'col' }, name)),
          make('th', { scope: 'col' }, make('span', { class: 'visually-hidden' }, 'What to do')),
        ),
      ),
      make('tbody', {}, ...jobs.map((job) => this.row(job))),
    )
  }

  private row(job: Job): HTMLElement {
    const address = this.data.case_page.replace('CODE', encodeURIComponent(job.case))
    const how: (Node | string)[] = [jobText(job)]
    if (job.state === 'running') {
      how.push(
        make('progress', { max: 1, value: job.progress, 'aria-label': `Progress of ${job.case}` }),
      )
    }
    return make(
      'tr',
      { 'data-state': job.state },
      make(
        'th',
        { scope: 'row' },
        make('a', { href: address, 'data-key': `case-${job.id}` }, job.case),
      ),
      make('td', { class: 'method' }, this.titleOf(job.method)),
      make('td', { class: 'job-state' }, ...how),
      make('td', {}, make('time', { datetime: job.queued_at }, moment(job.queued_at))),
      make('td', {}, ...this.actions(job)),
    )
  }

  private actions(job: Job): HTMLElement[] {
    const { id } = job
    const button = (text: string, ask: () => Promise<Job>) =>
      make(
        'button',
        {
          type: 'button',
          'aria-label': `${text}: ${job.case}`,
          'data-key': `act-${job.id}`, // where Cancel was, Start again may come
          click: () => void this.list.act(ask),
        },
        text,
      )
    const cancel = () => request('POST', '/api/v1/jobs/{id}/cancel/', { id })
    const retry = () => request('POST', '/api/v1/jobs/{id}/retry/', { id })
    if (isUnderway(job)) return [button('Cancel', cancel)]
    return canBeDoneAgain(job) ? [button('Start again', retry)] : []
  }
}

// Segmenting a case: choose a method, start a job, watch it, cancel it.

import { request } from '../api/client'
import type { Job } from '../api/types'
import { make, setText } from '../elements'
import { keepFocus } from '../focus'
import { showTrouble } from '../trouble'

export interface MethodChoice {
  readonly name: string
  readonly title: string
  readonly needs: readonly string[]
}

export interface JobPanelSettings {
  readonly code: string
  readonly methods: readonly MethodChoice[]
  readonly sequences: readonly string[]
  /** A job has made a new segmentation. */
  readonly onFinished: (segmentation: string | null) => void
}

const MOST_SHOWN = 50 // as the server sends
const POLL_MS = 1000
const POLL_AFTER_FAILURE_MS = 5000

export function isUnderway(job: Job): boolean {
  return job.state === 'queued' || job.state === 'running'
}

export function canBeDoneAgain(job: Job): boolean {
  return job.state === 'failed' || job.state === 'cancelled'
}

/** This will say how a job goes in a few words. */
export function jobText(job: Job): string {
  switch (job.state) {
    case 'queued':
      return 'Waiting for a free worker'
    case 'running':
      return `${Math.round(100 * job.progress)} %${job.stage ? `, ${job.stage}` : ''}`
    case 'succeeded':
      return 'Done'
    case 'failed':
      return `Failed: ${job.reason || 'no reason was given'}`
    case 'cancelled':
      return 'Cancelled'
  }
}

interface Row {
  readonly element: HTMLElement
  readonly text: HTMLElement
  readonly progress: HTMLProgressElement
  readonly action: HTMLElement
  state: Job['state'] | null
}

export class JobPanel {
  readonly element = make('section', { class: 'jobs', 'aria-label': 'Inference jobs' })
  private jobs: readonly Job[] = []
  private isAsking = false
  private readonly rows = new Map<string, Row>()
  private readonly list = make('ul', { class: 'job-list' })
  private readonly said = make('p', { class: 'visually-hidden', role: 'status' })
  private readonly nothing = make(
    'p',
    { class: 'hint' },
    'No method has run on this case yet. Choose one and press Segment; the mask appears above when it is done.',
  )
  private readonly older = make('p', { class: 'hint' }, 'Older ones are on the ')
  private readonly trouble = make('p', { class: 'trouble', role: 'alert' })
  private readonly method: HTMLSelectElement
  private readonly start = make(
    'button',
    { type: 'button', class: 'primary', click: () => void this.segment() },
    'Segment',
  )
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly settings: JobPanelSettings) {
    this.method = make(
      'select',
      { 'aria-label': 'Method', change: () => this.noteNeeds() },
      ...settings.methods.map(({ name, title }) => make('option', { value: name }, title)),
    )
    this.element.append(make('h2', {}, 'Segment'))
    if (settings.methods.length > 0) {
      this.element.append(make('div', { class: 'job-start' }, this.method, this.start))
    }
    const all = `/jobs/?q=${encodeURIComponent(settings.code)}`
    this.older.append(make('a', { href: all }, 'page of jobs'), '.')
    this.element.append(this.trouble, this.said, this.nothing, this.list, this.older)
    this.noteNeeds()
  }

  show(jobs: readonly Job[]): void {
    this.jobs = jobs
    this.nothing.hidden = jobs.length > 0
    this.older.hidden = jobs.length < MOST_SHOWN
    for (const job of jobs) this.announce(job)
    keepFocus(this.list, () => this.arrange(jobs), this.start)
    clearTimeout(this.timer)
    if (jobs.some(isUnderway)) this.timer = setTimeout(() => void this.poll(), POLL_MS)
  }

  /** This will change, add and take away rows; a row whose job stays is the same element. */
  private arrange(jobs: readonly Job[]): void {
    const rows = jobs.map((job) => this.row(job))
    const ids = new Set(jobs.map(({ id }) => id))
    for (const [id, row] of this.rows) {
      if (ids.has(id)) continue
      row.element.remove()
      this.rows.delete(id)
    }
    rows.forEach((row, at) => {
      const there = this.list.children[at]
      if (there !== row) this.list.insertBefore(row, there ?? null)
    })
  }

  private titleOf(job: Job): string {
    return this.settings.methods.find(({ name }) => name === job.method)?.title ?? job.method
  }

  /** A change of state is said once; the percentages in between are shown only. */
  private announce(job: Job): void {
    const before = this.rows.get(job.id)
    if (before && before.state !== job.state && job.state !== 'running') {
      setText(this.said, `${this.titleOf(job)}: ${jobText(job)}`)
    }
  }

  /** This will return the row of a job, changed where the job has changed. */
  private row(job: Job): HTMLElement {
    const row = this.rows.get(job.id) ?? this.newRow(job)
    setText(row.text, jobText(job))
    row.progress.value = job.progress
    if (row.state === job.state) return row.element
    row.state = job.state
    row.element.dataset.state = job.state
    row.progress.hidden = !isUnderway(job)
    row.action.replaceChildren(...this.action(job))
    return row.element
  }

  private newRow(job: Job): Row {
    const title = this.titleOf(job)
    const text = make('span')
    const progress = make('progress', { max: 1, 'aria-label': `Progress of ${title}` })
    const action = make('div', { class: 'job-action' })
    const parts = [make('strong', {}, title), text, progress, action]
    const element = make('li', { 'data-job': job.id }, ...parts)
    const row: Row = { element, text, progress, action, state: null }
    this.rows.set(job.id, row)
    return row
  }

  private action(job: Job): HTMLElement[] {
    const button = (text: string, act: () => Promise<void>): HTMLElement =>
      make(
        'button',
        { type: 'button', 'data-key': `act-${job.id}`, click: () => void act() },
        text,
        make('span', { class: 'visually-hidden' }, ` ${this.titleOf(job)}`),
      )
    if (isUnderway(job)) return [button('Cancel', () => this.cancel(job))]
    return canBeDoneAgain(job) ? [button('Start again', () => this.retry(job))] : []
  }

  /** A method that needs a sequence the case does not have cannot be started. */
  private noteNeeds(): void {
    const method = this.settings.methods.find(({ name }) => name === this.method.value)
    const missing = (method?.needs ?? []).filter((name) => !this.settings.sequences.includes(name))
    this.start.disabled = missing.length > 0
    setText(
      this.trouble,
      missing.length ? `This method needs ${missing.join(' and ')} as well.` : '',
    )
  }

  private async segment(): Promise<void> {
    if (this.isAsking) return
    this.isAsking = true // the button stays as it is, and the focus on it
    setText(this.trouble, '')
    try {
      const { code } = this.settings
      const method = this.method.value
      const made = await request('POST', '/api/v1/cases/{code}/jobs/', { code }, { method })
      this.show([made, ...this.jobs])
    } catch (error) {
      showTrouble(this.trouble, error)
    }
    this.isAsking = false
  }

  private async cancel(job: Job): Promise<void> {
    try {
      this.exchange(await request('POST', '/api/v1/jobs/{id}/cancel/', { id: job.id }))
    } catch (error) {
      showTrouble(this.trouble, error)
    }
  }

  private async retry(job: Job): Promise<void> {
    try {
      const made = await request('POST', '/api/v1/jobs/{id}/retry/', { id: job.id })
      this.show([made, ...this.jobs.filter(({ id }) => id !== made.id)])
    } catch (error) {
      showTrouble(this.trouble, error)
    }
  }

  private exchange(changed: Job): void {
    this.show(this.jobs.map((job) => (job.id === changed.id ? changed : job)))
  }

  private async poll(): Promise<void> {
    try {
      const underway = this.jobs.filter(isUnderway)
      const answers = await Promise.all(
        underway.map(({ id }) => request('GET', '/api/v1/jobs/{id}/', { id })),
      )
      const fresh = new Map(answers.map((job) => [job.id, job]))
      setText(this.trouble, '')
      this.show(this.jobs.map((job) => fresh.get(job.id) ?? job))
      for (const job of answers) {
        if (job.state === 'succeeded') this.settings.onFinished(job.segmentation)
      }
    } catch (error) {
      showTrouble(this.trouble, error)
      this.timer = setTimeout(() => void this.poll(), POLL_AFTER_FAILURE_MS)
    }
  }
}

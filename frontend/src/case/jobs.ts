// Segmenting a case: choose a method, start a job, watch it, cancel it.

import { request } from '../api/client'
import { explanation } from '../api/errors'
import type { Job } from '../api/types'
import { make, setText } from '../elements'

export interface MethodChoice {
  readonly name: string
  readonly title: string
  readonly needs: readonly string[]
}

export interface JobPanelSettings {
  readonly code: string
  readonly methods: readonly MethodChoice[]
  readonly sequences: readonly string[]
  readonly canSegment: boolean
  /** A job has made a new segmentation. */
  readonly onFinished: (segmentation: string | null) => void
}

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

export class JobPanel {
  readonly element = make('section', { class: 'jobs', 'aria-label': 'Inference jobs' })
  private jobs: readonly Job[] = []
  private readonly list = make('ul', { class: 'job-list', 'aria-live': 'polite' })
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
    if (settings.canSegment && settings.methods.length > 0) {
      this.element.append(make('div', { class: 'job-start' }, this.method, this.start))
    }
    this.element.append(this.trouble, this.list)
    this.noteNeeds()
  }

  show(jobs: readonly Job[]): void {
    this.jobs = jobs
    this.list.replaceChildren(...jobs.map((job) => this.row(job)))
    clearTimeout(this.timer)
    if (jobs.some(isUnderway)) this.timer = setTimeout(() => void this.poll(), POLL_MS)
  }

  private row(job: Job): HTMLElement {
    const title = this.settings.methods.find(({ name }) => name === job.method)?.title ?? job.method
    const parts: Node[] = [make('strong', {}, title), make('span', {}, jobText(job))]
    if (isUnderway(job)) {
      parts.push(
        make('progress', { max: 1, value: job.progress, 'aria-label': `Progress of ${title}` }),
      )
      if (this.settings.canSegment) {
        parts.push(make('button', { type: 'button', click: () => void this.cancel(job) }, 'Cancel'))
      }
    } else if (canBeDoneAgain(job) && this.settings.canSegment) {
      parts.push(
        make('button', { type: 'button', click: () => void this.retry(job) }, 'Start again'),
      )
    }
    return make('li', { 'data-state': job.state, 'data-job': job.id }, ...parts)
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
    this.start.disabled = true
    setText(this.trouble, '')
    try {
      const { code } = this.settings
      const method = this.method.value
      const made = await request('POST', '/api/v1/cases/{code}/jobs/', { code }, { method })
      this.show([made, ...this.jobs])
    } catch (error) {
      setText(this.trouble, explanation(error))
    }
    this.start.disabled = false
  }

  private async cancel(job: Job): Promise<void> {
    try {
      this.exchange(await request('POST', '/api/v1/jobs/{id}/cancel/', { id: job.id }))
    } catch (error) {
      setText(this.trouble, explanation(error))
    }
  }

  private async retry(job: Job): Promise<void> {
    try {
      const made = await request('POST', '/api/v1/jobs/{id}/retry/', { id: job.id })
      this.show([made, ...this.jobs.filter(({ id }) => id !== made.id)])
    } catch (error) {
      setText(this.trouble, explanation(error))
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
      setText(this.trouble, explanation(error))
      this.timer = setTimeout(() => void this.poll(), POLL_AFTER_FAILURE_MS)
    }
  }
}

// One evaluation: how it goes, then its tables and figures, and slices that are chosen here.

import { address, request } from '../api/client'
import type { Evaluation, Findings, Section } from '../api/types'
import { make, setText } from '../elements'
import { keepFocus } from '../focus'
import { foldedFigure } from '../results/figure'
import { sectionPanel } from '../results/section'
import { askFirst } from '../study/dialog'
import { trainingText } from '../trainings/words'
import { showTrouble } from '../trouble'
import { slicesPart } from './slices'

export interface EvaluationPageData {
  readonly id: string
  readonly most_slices: number
  /** The address of the list of evaluations. */
  readonly evaluations: string
}

/** Those of what is compared first are open: the first method, as a scatter and as a difference. */
const OPEN_FIGURES = 2
const POLL_MS = 1500
const POLL_AFTER_FAILURE_MS = 5000

export class EvaluationPage {
  private readonly trouble = make('p', { class: 'trouble', role: 'alert' })
  private readonly state = make('div')
  private readonly results = make('div')

  constructor(
    root: HTMLElement,
    private readonly data: EvaluationPageData,
  ) {
    this.state.append(loading('Loading the evaluation…'))
    root.replaceChildren(this.trouble, this.state, this.results, this.deletion())
    void this.load()
  }

  private async load(): Promise<void> {
    const { id } = this.data
    try {
      const evaluation = await request('GET', '/api/v1/evaluations/{id}/', { id })
      setText(this.trouble, '')
      keepFocus(this.state, () => this.state.replaceChildren(...this.standing(evaluation)))
      if (evaluation.state === 'succeeded') {
        this.results.replaceChildren(loading('Loading the tables and figures…'))
        const found = await request('GET', '/api/v1/evaluations/{id}/findings/', { id })
        this.results.replaceChildren(...this.laidOut(evaluation, found))
      } else if (evaluation.state === 'queued' || evaluation.state === 'running') {
        setTimeout(() => void this.load(), POLL_MS)
      }
    } catch (error) {
      showTrouble(this.trouble, error)
      setTimeout(() => void this.load(), POLL_AFTER_FAILURE_MS)
    }
  }

  private standing(evaluation: Evaluation): HTMLElement[] {
    const { state, progress } = evaluation
    const words = `${evaluation.cohort}, against ${evaluation.references.join(', ')}`
    if (state === 'succeeded') return [make('p', {}, words), this.download()]
    if (state !== 'queued' && state !== 'running') {
      const kind = state === 'failed' ? 'is-danger' : 'is-warning'
      return [make('p', { class: `notice ${kind}` }, trainingText(evaluation))]
    }
    const cancel = make(
      'button',
      { type: 'button', 'data-key': 'cancel', click: () => void this.cancel() },
      'Cancel',
    )
    return [
      make('p', {}, words),
      make('p', { role: 'status' }, trainingText(evaluation)),
      make('progress', { max: 1, value: progress, 'aria-label': 'Progress of the evaluation' }),
      make('div', { class: 'actions' }, cancel),
    ]
  }

  private deletion(): HTMLElement {
    const reason = make('textarea', { id: 'deletion-reason', required: true, maxlength: 2000 })
    const ask = (): void =>
      askFirst(
        'Delete this evaluation?',
        'What it found and its slices are deleted for good; the masks stay. Take the bundle out first if you need it. The audit log keeps who deleted it, when and why.',
        'Delete for good',
        async () => {
          const { id, evaluations } = this.data
          const body = { reason: reason.value }
          await request('POST', '/api/v1/evaluations/{id}/delete/', { id }, body)
          location.assign(evaluations)
        },
        make('label', { for: 'deletion-reason' }, 'Reason'),
        reason,
      )
    return make(
      'div',
      { class: 'actions' },
      make('button', { type: 'button', class: 'danger', click: ask }, 'Delete this evaluation…'),
    )
  }

  private async cancel(): Promise<void> {
    const { id } = this.data
    try {
      const evaluation = await request('POST', '/api/v1/evaluations/{id}/cancel/', { id })
      this.state.replaceChildren(...this.standing(evaluation))
    } catch (error) {
      showTrouble(this.trouble, error)
    }
  }

  private download(): HTMLElement {
    const href = address('/api/v1/evaluations/{id}/bundle/', { id: this.data.id })
    return make(
      'div',
      { class: 'actions' },
      make('a', { class: 'button primary', href, download: '' }, 'Download the bundle'),
      make(
        'span',
        { class: 'hint' },
        'Tables (CSV, XLSX), figures (SVG, PNG), chosen slices, and a report to print.',
      ),
    )
  }

  private laidOut(evaluation: Evaluation, found: Findings): HTMLElement[] {
    return [
      contents(found),
      ...found.groups.flatMap((group) => [
        make('h2', { id: group.id }, group.title),
        ...group.sections.flatMap((section) => [
          sectionPanel(section),
          ...figuresOf(found, section),
        ]),
      ]),
      make('h2', { id: 'slices' }, 'Slices'),
      slicesPart(evaluation, this.data.most_slices),
      make('h2', { id: 'methods' }, 'How it was done'),
      make('section', { class: 'sheet' }, ...found.methods.map((text) => make('p', {}, text))),
      make(
        'section',
        { class: 'sheet' },
        make('h3', {}, 'How to read the tables'),
        make('ul', {}, ...found.notes.map((text) => make('li', {}, text))),
      ),
    ]
  }
}

function loading(text: string): HTMLElement {
  return make('p', { class: 'hint', role: 'status' }, text)
}

/** What the page has, in the order of its parts, each with its sections. */
function contents(found: Findings): HTMLElement {
  const linksOf = ({ id, title }: Section): HTMLElement[] => {
    const hasFigures = found.figures.some(({ section }) => section === id)
    return [link(id, title), ...(hasFigures ? [link(figuresId(id), 'Figures')] : [])]
  }
  const parts = [
    ...found.groups.map((group) => [
      link(group.id, group.title),
      ...group.sections.flatMap(linksOf),
    ]),
    [link('slices', 'Slices')],
    [link('methods', 'How it was done')],
  ]
  return make(
    'nav',
    { class: 'contents', 'aria-label': 'On this page' },
    make('ul', {}, ...parts.map((links) => make('li', {}, ...links))),
  )
}

function link(id: string, title: string): HTMLElement {
  return make('a', { href: `#${id}` }, title)
}

function figuresOf(found: Findings, section: Section): HTMLElement[] {
  const own = found.figures.filter((figure) => figure.section === section.id)
  if (own.length === 0) return []
  const folded = own.map((one, at) => foldedFigure(one, section.title, at < OPEN_FIGURES))
  return [make('div', { class: 'figures-of', id: figuresId(section.id) }, ...folded)]
}

function figuresId(section: string): string {
  return `${section}-figures`
}

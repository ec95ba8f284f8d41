// One training: how it goes, its curves, what shaped it, and the version that it made.

import { request } from '../api/client'
import type { Training, Version } from '../api/types'
import { make, plural, setText } from '../elements'
import { keepFocus } from '../focus'
import { timeFormat } from '../time'
import { showTrouble } from '../trouble'
import { type Chart, drawChart, type Point } from './plot'
import { trainingText } from './words'

export interface TrainingPageData {
  readonly id: string
  /** The address of its log as CSV. */
  readonly log: string
  readonly preset: string
  /** What a threshold is best by; empty where weights are trained. */
  readonly measure: string
  readonly may_manage: boolean
  readonly cohorts: readonly { readonly slug: string; readonly title: string }[]
  /** The address of a study's page, with SLUG for its id. */
  readonly study_page: string
}

const POLL_MS = 1500
const POLL_AFTER_FAILURE_MS = 5000

const NO_LONGER =
  'A training that has ended is not made longer, so that what its version says of how it was made stays true. To train on, fine-tune the version further: that is a new training from its best checkpoint.'

const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'short' })

type Fact = readonly [string, string | Node]

export class TrainingPage {
  private shown = ''
  private wasSettled = false
  private before: Training['state'] | null = null
  private readonly trouble = make('p', { class: 'trouble', role: 'alert' })
  private readonly said = make('p', { class: 'visually-hidden', role: 'status' })
  private readonly state = make('div')
  private readonly curves = make('div')
  private readonly facts = make('div')

  constructor(
    root: HTMLElement,
    private readonly data: TrainingPageData,
  ) {
    root.replaceChildren(this.trouble, this.said, this.state, this.curves, this.facts)
    void this.load()
  }

  private async load(): Promise<void> {
    let wait = POLL_MS
    try {
      const training = await request('GET', '/api/v1/trainings/{id}/', { id: this.data.id })
      setText(this.trouble, '')
      this.show(training)
      // Once more after the end: its version may have been made while the first answer was written.
      if (training.is_settled && this.wasSettled) return
      this.wasSettled = training.is_settled
    } catch (error) {
      showTrouble(this.trouble, error)
      wait = POLL_AFTER_FAILURE_MS
    }
    setTimeout(() => void this.load(), wait)
  }

  private show(training: Training): void {
    const text = JSON.stringify(training)
    if (text === this.shown) return
    this.shown = text
    if (this.before && this.before !== training.state) setText(this.said, trainingText(training))
    this.before = training.state
    keepFocus(this.state, () => this.state.replaceChildren(...this.standing(training)))
    const isOpen = this.curves.querySelector('details')?.open ?? false
    keepFocus(this.curves, () => this.curves.replaceChildren(...this.drawn(training, isOpen)))
    keepFocus(this.facts, () => this.facts.replaceChildren(this.setUp(training)))
  }

  private standing(training: Training): HTMLElement[] {
    const { state, progress, version } = training
    const parts: HTMLElement[] = []
    if (state === 'queued' || state === 'running') {
      parts.push(
        make('p', {}, trainingText(training)),
        make('progress', { max: 1, value: progress, 'aria-label': 'Progress of the training' }),
      )
      if (this.data.may_manage) parts.push(this.cancelPart())
    } else {
      const kind = { succeeded: 'is-ok', failed: 'is-danger', cancelled: 'is-warning' }[state]
      parts.push(make('p', { class: `notice ${kind}` }, ended(training)))
    }
    if (version) parts.push(this.card(training, version))
    return parts
  }

  private cancelPart(): HTMLElement {
    const cancel = async (): Promise<void> => {
      try {
        const { id } = this.data
        this.show(await request('POST', '/api/v1/trainings/{id}/cancel/', { id }))
      } catch (error) {
        showTrouble(this.trouble, error)
      }
    }
    const press = make(
      'button',
      { type: 'button', 'data-key': 'cancel', click: () => void cancel() },
      'Cancel the training',
    )
    const hint = 'The best checkpoint until then is kept.'
    return make('div', { class: 'actions' }, press, make('span', { class: 'hint' }, hint))
  }

  /** The model card of the version: what it is, whom it has learned from, and how good it was. */
  private card(training: Training, version: Version): HTMLElement {
    const learned = version.learned_sha256
    const facts: Fact[] = [
      ['Run it as', make('code', {}, version.name)],
      ['Made from', training.start || 'random weights'],
      ['Learned from', plural(learned.length, 'case')],
      ['Threshold', String(version.threshold)],
      ['Score', score(training)],
      ['Seed', String(training.seed)],
      ['Checkpoint (SHA-256)', make('span', { class: 'hash' }, version.sha256)],
    ]
    const hashes = make(
      'details',
      {},
      make('summary', {}, 'The cases by the SHA-256 of their FLAIR'),
      make('ul', { class: 'hash' }, ...learned.map((one) => make('li', {}, one))),
    )
    const again = (preset: string, text: string): HTMLElement =>
      make(
        'a',
        { class: 'button', href: `/trainings/?preset=${preset}&start=${version.name}` },
        text,
      )
    const actions = [
      ...(training.start ? this.comparisons(training.start, version.name) : []),
      ...(version.download
        ? [
            make(
              'a',
              { class: 'button', href: version.download, download: true },
              'Download the checkpoint',
            ),
          ]
        : []),
      again(version.method === 'adapted-unet' ? 'paper' : 'small', 'Fine-tune it further'),
      again('threshold', 'Choose its threshold anew'),
    ]
    return make(
      'section',
      { class: 'sheet', 'aria-label': 'The version that it made' },
      make('h2', {}, version.title),
      make(
        'p',
        {},
        'Choose it under Segment on the page of a case. Every earlier version stays as it was.',
      ),
      list(facts),
      ...(learned.length > 0 ? [hashes] : []),
      ...(this.data.may_manage ? [make('div', { class: 'actions' }, ...actions)] : []),
      ...(this.data.may_manage && this.data.measure === ''
        ? [make('p', { class: 'hint' }, NO_LONGER)]
        : []),
    )
  }

  /** The ways to a blinded study of what it began from against what it made, one per cohort. */
  private comparisons(old: string, made: string): HTMLElement[] {
    const { cohorts, study_page } = this.data
    return cohorts.map(({ slug, title }) => {
      const draft = async (): Promise<void> => {
        press.disabled = true
        try {
          const named = `Reading of ${title}`.slice(0, 120) // raters see it
          const study = await request(
            'POST',
            '/api/v1/cohorts/{slug}/studies/',
            { slug },
            { title: named, methods: [old, made] },
          )
          location.assign(study_page.replace('SLUG', study.id))
        } catch (error) {
          press.disabled = false
          showTrouble(this.trouble, error)
        }
      }
      const where = cohorts.length > 1 ? ` in ${title}` : ''
      const press = make(
        'button',
        {
          type: 'button',
          'data-key': `compare-${slug}`,
          title: `${old} and ${made} on the same cases, which neither has learned from; what is not segmented yet is segmented first. Raters do not see which is which`,
          click: () => void draft(),
        },
        `Draft a study of old against new${where}`,
      )
      return press
    })
  }

  private drawn(training: Training, isOpen: boolean): HTMLElement[] {
    const { epochs_log, thresholds_log } = training
    if (epochs_log.length + thresholds_log.length === 0) return []
    const charts = epochs_log.length > 0 ? epochCharts(training) : [thresholdChart(training)]
    const figures = charts.map(({ caption, chart }) =>
      make(
        'figure',
        {},
        make('figcaption', {}, caption),
        drawChart(chart) as unknown as HTMLElement,
      ),
    )
    return [
      make(
        'section',
        { class: 'sheet', 'aria-label': 'Curves' },
        make('h2', {}, epochs_log.length > 0 ? 'Curves' : 'Score by threshold'),
        make('div', { class: 'charts' }, ...figures),
        make(
          'details',
          { class: 'training-log', open: isOpen },
          make('summary', {}, 'As a table'),
          make(
            'div',
            { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Log' },
            table(training),
          ),
        ),
        make(
          'a',
          { href: this.data.log, download: true, 'data-key': 'log' },
          'Download the log (CSV)',
        ),
      ),
    ]
  }

  private setUp(training: Training): HTMLElement {
    const { split, settings_used } = training
    const side = ({ cases, subjects }: { cases: number; subjects: number }): string =>
      `${plural(cases, 'case')} of ${plural(subjects, 'subject')}`
    const isThreshold = this.data.measure !== ''
    const facts: Fact[] = [
      ['What', this.data.preset],
      ['Cohorts', training.cohorts.join(', ')],
      ['Begins from', training.start || 'random weights'],
      [isThreshold ? 'Chosen on' : 'Trains on', side(split.training)],
      ...(isThreshold
        ? ([['Best by', this.data.measure]] as const)
        : ([
            [
              'Validates on',
              split.validation.cases ? side(split.validation) : 'nobody: the last epoch counts',
            ],
            ['Epochs, at most', String(training.epochs)],
            ['Seed', String(training.seed)],
          ] as const)),
      [
        'Asked for',
        `${moment(training.queued_at)}${training.asked_by ? ` by ${training.asked_by}` : ''}`,
      ],
      ...(training.finished_at ? ([['Ended', moment(training.finished_at)]] as const) : []),
    ]
    const used = Object.entries(settings_used).map(
      ([name, value]): Fact => [name.replaceAll('_', ' '), shownValue(value)],
    )
    return make(
      'section',
      { class: 'sheet', 'aria-label': 'Settings' },
      make('h2', {}, 'Settings'),
      make('p', { class: 'hint' }, 'Split by subject: all cases of a person are on one side.'),
      list(facts),
      ...(used.length > 0
        ? [make('details', {}, make('summary', {}, 'Everything that shaped it'), list(used))]
        : []),
    )
  }
}

function ended(training: Training): string {
  const kept = training.version ? ` What it had learned is kept as ${training.version.name}.` : ''
  if (training.state === 'failed') return `${trainingText(training)}`
  if (training.state === 'cancelled') return `Cancelled.${kept || ' Nothing had been learned yet.'}`
  return `Done: ${training.version?.name ?? 'a new version'} can be used from now on.`
}

function score({ best_score, best_epoch, settings_used, preset }: Training): string {
  if (best_score === null) return 'none: nobody validated'
  if (preset !== 'threshold')
    return `validation Dice ${best_score.toFixed(3)} in epoch ${best_epoch}`
  const left = settings_used.left_out_score
  const honest = typeof left === 'number' ? `; ${left.toFixed(3)} on subjects left out` : ''
  return `${best_score.toFixed(3)} at this threshold${honest}`
}

function list(facts: readonly Fact[]): HTMLElement {
  const parts = facts.flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)])
  return make('dl', { class: 'facts' }, ...parts)
}

function shownValue(value: unknown): string {
  if (value === null || value === '') return 'none'
  if (typeof value === 'number') return String(Number(value.toPrecision(6)))
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

interface Captioned {
  readonly caption: string
  readonly chart: Chart
}

function epochCharts(training: Training): Captioned[] {
  const { epochs_log: rows, best_epoch, best_score } = training
  const last = rows.at(-1)
  const xRange = [0, Math.max(...rows.map(({ epoch }) => epoch))] as const
  const scores = rows.flatMap(({ epoch, validation_dice }): Point[] =>
    validation_dice === null ? [] : [{ x: epoch, y: validation_dice }],
  )
  const loss: Captioned = {
    caption: 'Training loss',
    chart: {
      label: `Training loss by epoch; ${last?.loss.toFixed(3)} after epoch ${last?.epoch}`,
      xTitle: 'Epoch',
      yTitle: 'Loss',
      xRange,
      xStep: 1,
      lines: [{ name: 'loss', points: rows.map(({ epoch, loss: y }) => ({ x: epoch, y })) }],
    },
  }
  if (scores.length === 0) return [loss]
  const dice: Captioned = {
    caption: 'Validation Dice',
    chart: {
      label: `Validation Dice by epoch; the best is ${best_score?.toFixed(3)} in epoch ${best_epoch}`,
      xTitle: 'Epoch',
      yTitle: 'Dice',
      xRange,
      xStep: 1,
      lines: [{ name: 'validation Dice', points: scores }],
      mark: { x: best_epoch, text: `best: epoch ${best_epoch}` },
    },
  }
  return [dice, loss]
}

function thresholdChart({ thresholds_log: rows, version }: Training): Captioned {
  const line = (name: string, of: 'dsc' | 'lesion_f1') => ({
    name,
    points: rows.flatMap((row): Point[] => {
      const y = row[of]
      return y === null ? [] : [{ x: row.threshold, y }]
    }),
  })
  const mark = version
    ? { mark: { x: version.threshold, text: `chosen: ${version.threshold}` } }
    : {}
  return {
    caption: 'Mean DSC (line) and mean lesion F1 (dashed)',
    chart: {
      label: `Mean DSC and mean lesion F1 by threshold${version ? `; ${version.threshold} was chosen` : ''}`,
      xTitle: 'Threshold',
      yTitle: 'Score',
      xRange: [0, 1],
      lines: [line('DSC', 'dsc'), line('lesion F1', 'lesion_f1')],
      ...mark,
    },
  }
}

function table(training: Training): HTMLElement {
  const shown = (value: number | null, digits = 3): string =>
    value === null ? 'undefined' : value.toFixed(digits)
  const isOfEpochs = training.epochs_log.length > 0
  const names = isOfEpochs
    ? ['Epoch', 'Loss', 'Validation Dice', 'Seconds']
    : ['Threshold', 'Mean DSC', 'Mean lesion F1']
  const rows = isOfEpochs
    ? training.epochs_log.map((row) => [
        String(row.epoch),
        shown(row.loss),
        row.validation_dice === null ? 'none' : shown(row.validation_dice),
        shown(row.seconds, 1),
      ])
    : training.thresholds_log.map((row) => [
        shown(row.threshold, 2),
        shown(row.dsc),
        shown(row.lesion_f1),
      ])
  const cell = (text: string, at: number): HTMLElement =>
    at === 0
      ? make('th', { scope: 'row', class: 'number' }, text)
      : make('td', { class: 'number' }, text)
  return make(
    'table',
    { class: 'figures' },
    make(
      'thead',
      {},
      make('tr', {}, ...names.map((name) => make('th', { scope: 'col', class: 'number' }, name))),
    ),
    make('tbody', {}, ...rows.map((row) => make('tr', {}, ...row.map(cell)))),
  )
}

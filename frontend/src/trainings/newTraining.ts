// Starting a training: what is learned from whom, beginning where. What is refused is said beside it.

import { request } from '../api/client'
import { Refused } from '../api/errors'
import type { Measure, TrainingBody } from '../api/types'
import { make, plural, setText } from '../elements'
import { showTrouble } from '../trouble'

export interface Reference {
  readonly name: string
  readonly cases: number
  readonly subjects: number
}

export interface CohortChoice {
  readonly slug: string
  readonly title: string
  readonly references: readonly Reference[]
}

export interface PresetChoice {
  readonly name: string
  readonly title: string
  /** The method whose version it makes; empty: the one of the checkpoint. */
  readonly method: string
  readonly epochs: number
  readonly words: string
}

export interface NewTrainingData {
  readonly cohorts: readonly CohortChoice[]
  readonly presets: readonly PresetChoice[]
  readonly measures: readonly { readonly name: Measure; readonly title: string }[]
  readonly threshold_only: string
  readonly starts: readonly {
    readonly name: string
    readonly title: string
    readonly method: string
    /** The methods of which a training from here can make a version. */
    readonly fits: readonly string[]
  }[]
  readonly has_gpu: boolean
  /** The address of a training's page, with ID for its id. */
  readonly training_page: string
}

const SLOW =
  'No worker with a GPU is here. On a processor one epoch of these settings takes minutes to an hour, and there are up to 1000. Choose Small, or fewer epochs, unless you have the time.'

/** This will put what cohorts have to learn from together, by the name of the reference. */
export function referencesOf(cohorts: readonly CohortChoice[]): Reference[] {
  const found = new Map<string, Reference>()
  for (const { name, cases, subjects } of cohorts.flatMap(({ references }) => references)) {
    const before = found.get(name) ?? { name, cases: 0, subjects: 0 }
    found.set(name, { name, cases: before.cases + cases, subjects: before.subjects + subjects })
  }
  return [...found.values()]
}

type Control = HTMLInputElement | HTMLSelectElement | HTMLFieldSetElement

export class NewTraining {
  readonly element: HTMLFormElement
  private readonly faults = new Map<string, readonly [Control, HTMLElement]>()
  private readonly trouble = make('p', { class: 'trouble', role: 'alert' })
  /** Masks that were chosen one by one under Corrections. */
  private readonly masks = new URLSearchParams(location.search).getAll('mask')
  private readonly title = make('input', { maxlength: 60, required: true })
  private readonly preset: HTMLSelectElement
  private readonly presetHint = make('p', { class: 'hint' })
  private readonly slow = make(
    'p',
    { class: 'notice is-warning', role: 'status', hidden: true },
    SLOW,
  )
  private readonly boxes: readonly HTMLInputElement[]
  private readonly reference = make('select')
  private readonly start = make('select')
  private readonly measure: HTMLSelectElement
  private readonly epochs = make('input', { type: 'number', min: 1, max: 10_000 })
  private readonly validation = make('input', { type: 'number', min: 0, max: 1000 })
  private readonly seed = make('input', { type: 'number', min: 0, max: 2 ** 31 - 1, value: 1 })
  private readonly begin = make(
    'button',
    { type: 'submit', class: 'primary' },
    'Start the training',
  )
  private readonly ofWeights: HTMLElement
  private readonly ofThreshold: HTMLElement

  constructor(private readonly data: NewTrainingData) {
    const asked = new URLSearchParams(location.search)
    const presets = data.presets.map(({ name, title }) => make('option', { value: name }, title))
    this.preset = make('select', { change: () => this.arrange() }, ...presets)
    if (data.presets.some(({ name }) => name === asked.get('preset'))) {
      this.preset.value = asked.get('preset') ?? ''
    }
    this.boxes = data.cohorts.map(({ slug }, at) =>
      make('input', {
        type: 'checkbox',
        value: slug,
        checked: asked.has('cohort') ? slug === asked.get('cohort') : at === 0,
        change: () => this.arrange(),
      }),
    )
    this.measure = make(
      'select',
      {},
      ...data.measures.map(({ name, title }) => make('option', { value: name }, title)),
    )
    this.ofThreshold = make(
      'div',
      {},
      ...this.field('measure', 'Best by', this.measure, 'Each subject counts once.'),
    )
    this.ofWeights = make(
      'div',
      {},
      ...this.field(
        'epochs',
        'Epochs, at most',
        this.epochs,
        'Empty: as many as the preset says. It ends earlier when it no longer improves.',
      ),
      ...this.field(
        'validation',
        'Subjects to validate on, of each cohort',
        this.validation,
        'Empty: a fifth of them. They choose the best epoch and train nothing.',
      ),
      ...this.field(
        'seed',
        'Seed',
        this.seed,
        'The same seed on the same cases gives the same network on a processor.',
      ),
    )
    this.element = make(
      'form',
      { class: 'sheet', novalidate: true, 'aria-labelledby': 'new-training' },
      make('h2', { id: 'new-training' }, 'New training'),
      ...this.field('title', 'Title', this.title, 'The version that it makes is called by it.'),
      ...this.field('preset', 'What is learned', this.preset),
      this.presetHint,
      this.slow,
      this.cohorts(),
      ...this.field('reference', 'Learned from', this.reference),
      ...this.field('start', 'Begins from', this.start),
      this.ofThreshold,
      this.ofWeights,
      this.trouble,
      make('div', { class: 'actions' }, this.begin),
    )
    this.element.addEventListener('submit', (event) => {
      event.preventDefault()
      void this.send()
    })
    this.arrange()
    const start = data.starts.find(({ name }) => name === asked.get('start'))
    if (start && !asked.has('preset')) {
      const fit = data.presets.find(({ method }) => start.fits.includes(method))
      this.preset.value = fit?.name ?? this.preset.value
      this.arrange()
    }
    const selects = this.masks.length > 0 ? [this.start] : [this.start, this.reference]
    for (const select of selects) {
      const wanted = asked.get(select === this.start ? 'start' : 'reference')
      if (wanted && [...select.options].some(({ value }) => value === wanted)) select.value = wanted
    }
  }

  private cohorts(): HTMLElement {
    const labels = this.boxes.map((box, at) =>
      make('label', { class: 'check' }, box, this.data.cohorts[at]?.title ?? ''),
    )
    const set = make('fieldset', { class: 'plain' }, make('legend', {}, 'Cohorts'), ...labels)
    const fault = make('p', { class: 'field-error', id: 'fault-cohorts' })
    this.faults.set('cohorts', [set, fault])
    return make('div', {}, set, fault)
  }

  private field(name: string, label: string, control: Control, hint = ''): HTMLElement[] {
    const id = `training-${name}`
    control.id = id
    const fault = make('p', { class: 'field-error', id: `fault-${name}` })
    this.faults.set(name, [control, fault])
    const described = `fault-${name}${hint ? ` hint-${name}` : ''}`
    control.setAttribute('aria-describedby', described)
    return [
      make('label', { for: id }, label),
      control,
      ...(hint ? [make('p', { class: 'hint', id: `hint-${name}` }, hint)] : []),
      fault,
    ]
  }

  private get chosen(): PresetChoice | undefined {
    return this.data.presets.find(({ name }) => name === this.preset.value)
  }

  private get slugs(): string[] {
    return this.boxes.filter(({ checked }) => checked).map(({ value }) => value)
  }

  /** This will show what goes with the preset and the cohorts that are chosen. */
  private arrange(): void {
    const preset = this.chosen
    if (!preset) return
    const isThreshold = preset.name === this.data.threshold_only
    setText(this.presetHint, preset.words)
    this.slow.hidden = preset.name !== 'paper' || this.data.has_gpu
    this.ofWeights.hidden = isThreshold
    this.ofThreshold.hidden = !isThreshold
    this.epochs.placeholder = String(preset.epochs)
    const slugs = this.slugs
    const references = referencesOf(this.data.cohorts.filter(({ slug }) => slugs.includes(slug)))
    exchange(this.reference, [
      ...(this.masks.length > 0
        ? [['', `${plural(this.masks.length, 'mask')} that you chose`] as const]
        : []),
      ...references.map(
        ({ name, cases, subjects }) =>
          [name, `${name} (${plural(cases, 'case')}, ${plural(subjects, 'subject')})`] as const,
      ),
    ])
    const fits = this.data.starts.filter((start) =>
      start.fits.includes(preset.method || start.method),
    )
    exchange(this.start, [
      ...fits.map(({ name, title }) => [name, title] as const),
      ...(isThreshold ? [] : [['', 'No checkpoint: random weights'] as const]),
    ])
  }

  private async send(): Promise<void> {
    const [slug, ...also] = this.slugs
    this.say({})
    if (!slug) {
      this.say({ cohorts: ['Choose at least one cohort.'] })
      return
    }
    this.begin.disabled = true
    const body: TrainingBody = {
      title: this.title.value,
      preset: this.preset.value,
      also,
      start: this.start.value,
      reference: this.reference.value || 'imported',
      seed: number(this.seed) ?? 1,
      epochs: number(this.epochs),
      validation: number(this.validation),
      measure: this.data.measures.find(({ name }) => name === this.measure.value)?.name ?? 'DSC',
      masks: this.reference.value ? [] : this.masks,
    }
    try {
      const made = await request('POST', '/api/v1/cohorts/{slug}/trainings/', { slug }, body)
      location.assign(this.data.training_page.replace('ID', made.id))
    } catch (error) {
      this.begin.disabled = false
      if (
        error instanceof Refused &&
        Object.keys(error.fields).some((name) => this.faults.has(name))
      ) {
        this.say(error.fields)
      } else showTrouble(this.trouble, error)
    }
  }

  /** This will say what is wrong beside each field, and go to the first. */
  private say(fields: Readonly<Record<string, readonly string[]>>): void {
    setText(this.trouble, '')
    let first: Control | null = null
    for (const [name, [control, fault]] of this.faults) {
      const words = (fields[name] ?? []).join(' ')
      setText(fault, words)
      if (words) control.setAttribute('aria-invalid', 'true')
      else control.removeAttribute('aria-invalid')
      if (words && !first) first = control
    }
    const target = first instanceof HTMLFieldSetElement ? first.querySelector('input') : first
    target?.focus()
  }
}

/** The number in a field; null where there is none. */
function number(field: HTMLInputElement): number | null {
  return field.value.trim() === '' || Number.isNaN(field.valueAsNumber) ? null : field.valueAsNumber
}

/** This will exchange the options of a select and keep what is chosen, if it is still there. */
function exchange(
  select: HTMLSelectElement,
  options: readonly (readonly [string, string])[],
): void {
  const before = select.options.length > 0 ? select.value : null
  select.replaceChildren(...options.map(([value, text]) => make('option', { value }, text)))
  if (before !== null && options.some(([value]) => value === before)) select.value = before
}

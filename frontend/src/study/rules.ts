// The rules of a draft: its title, what raters are told, and how they are to read and to judge.

import type { Design, Study } from '../api/types'
import { make, setText } from '../elements'
import { isNumberField, numberField, numberIn, numeralIn } from '../numbers'
import {
  acceptable,
  fractionOf,
  inPercent,
  onThreshold,
  THRESHOLDS,
  thresholdOf,
} from './thresholds'

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement

export class RulesPanel {
  readonly element: HTMLElement
  /** By the name of what they set in the design. */
  readonly fields: Record<string, Field> = {}
  readonly titleField: HTMLInputElement
  private readonly t1 = make('input', { type: 'checkbox', id: 'show_t1' })
  private readonly boundary = make('label', { for: 'boundary_policy' })
  private readonly criterion = make('p', { class: 'hint' })
  /** The names of fields that were edited here: a gap and thresholds are sent only then. */
  private readonly edited = new Set<string>()
  private readonly stored: Design
  /** What the server counts with; null while it has not answered an edit. */
  private counted: Design | null

  constructor({ title, design }: Study) {
    this.stored = design
    this.counted = design
    this.titleField = make('input', { id: 'title', value: title, maxlength: 120 })
    this.t1.checked = design.shown_sequences?.includes('T1') ?? false
    this.element = make(
      'section',
      { class: 'sheet' },
      make('h2', {}, 'Rules'),
      make('label', { for: 'title' }, 'Title (raters see it)'),
      this.titleField,
      ...this.told(design),
      ...this.schedule(design),
      ...this.criteria(design),
      ...this.answers(design),
      make('h3', {}, 'Before the first presentation'),
      ...this.declarations(design),
    )
    this.element.addEventListener('input', ({ target }) => {
      if (target instanceof Element) this.edited.add(target.id)
      this.counted = null
    })
    this.element.addEventListener('focusout', () => this.fillIn())
  }

  get title(): string {
    return this.titleField.value
  }

  /** The design as it stands in the fields; what is left out stays as it is stored. */
  get chosen(): Record<string, unknown> {
    const chosen: Record<string, unknown> = {}
    for (const [name, field] of Object.entries(this.fields)) {
      if (field instanceof HTMLInputElement && field.type === 'checkbox')
        chosen[name] = field.checked
      else if (isNumberField(field)) chosen[name] = numberIn(field)
      else chosen[name] = field.value
    }
    chosen.shown_sequences = this.t1.checked ? ['FLAIR', 'T1'] : ['FLAIR']
    // The gap follows the number of masks until somebody sets it.
    if (!this.edited.has('gap')) delete chosen.gap
    for (const name of THRESHOLDS) {
      const field = this.fields[name]
      if (!field || !isNumberField(field) || !this.edited.has(name)) delete chosen[name]
      else chosen[name] = this.thresholdIn(name, numeralIn(field))
    }
    return chosen
  }

  /** This will show the gap and the thresholds that the server counts with, where nobody has set
   * others here, and say what all of them mean. */
  show(design: Design): void {
    this.counted = design
    this.fillIn()
    for (const name of THRESHOLDS) {
      const field = this.fields[name]
      if (field && !this.edited.has(name)) field.value = inPercent(thresholdOf(design, name))
    }
    setText(this.boundary, `Exactly ${onThreshold(design)}`)
    setText(this.criterion, acceptable(design))
  }

  /** Where nothing is said the server's default counts: this will show it, and a gap that follows
   * the number of masks. */
  private fillIn(): void {
    if (!this.counted) return
    if (this.fields.gap?.value === '') this.edited.delete('gap') // back to the default
    for (const name of ['gap', 'washout_days', 'min_volume_mm3'] as const) {
      const field = this.fields[name]
      const isSet = field?.value !== '' && (name !== 'gap' || this.edited.has(name))
      if (field && !isSet && field !== document.activeElement)
        field.value = String(this.counted[name] ?? '')
    }
  }

  /** What was typed, as a fraction; the one that was stored, where the field says that again. */
  private thresholdIn(name: (typeof THRESHOLDS)[number], percent: string): unknown {
    const before = thresholdOf(this.stored, name)
    return percent === inPercent(before) ? before : fractionOf(percent)
  }

  private told(design: Design): HTMLElement[] {
    return [
      ...this.field('instructions', 'Instructions to the raters', text(design.instructions)),
      ...this.field(
        'dawm_instruction',
        'Diffusely abnormal white matter',
        text(design.dawm_instruction),
        'How it is to be counted, in words. Raters see it.',
      ),
      ...this.field(
        'case_sampling',
        'How the cases were found',
        text(design.case_sampling),
        'Consecutive, random or chosen; from when to when; where. It goes into the Methods of the report. Raters do not see it.',
      ),
    ]
  }

  private schedule(design: Design): HTMLElement[] {
    return [
      ...this.field(
        'gap',
        'Gap',
        numberField(design.gap),
        'A mask comes again at least so many positions later.',
      ),
      ...this.field(
        'washout_days',
        'Washout (days)',
        numberField(design.washout_days),
        'Pause between the first and the second showing of all masks. 0: none.',
      ),
    ]
  }

  private criteria(design: Design): HTMLElement[] {
    return [
      ...this.field(
        'precision_threshold',
        'Precision threshold (%)',
        numberField(undefined),
        'The share of the drawn lesions that are right.',
      ),
      ...this.field(
        'recall_threshold',
        'Recall threshold (%)',
        numberField(undefined),
        'The share of the true lesions that are drawn.',
      ),
      ...this.field(
        'boundary_policy',
        this.boundary,
        choice(design.boundary_policy, {
          strict: 'is not acceptable (strict)',
          lenient: 'is acceptable (lenient)',
        }),
        this.criterion,
      ),
      ...this.field(
        'primary_analysis',
        'Primary analysis',
        choice(design.primary_analysis, {
          derived: 'the verdict derived from the counts',
          rater: "the rater's own verdict",
        }),
      ),
      ...this.field(
        'equivalence_margin',
        'Margin of equivalence',
        numberField(design.equivalence_margin),
        'The difference of two acceptance rates that would matter, as a share (0.05: five percentage points). With it, methods are also tested for being equally acceptable. Empty: they are not.',
      ),
      ...this.field(
        'min_volume_mm3',
        'Smallest lesion (mm³)',
        numberField(design.min_volume_mm3 ?? 10.7),
        'Masks with smaller drawn lesions cannot be judged in this study. 0: any size.',
      ),
    ]
  }

  private answers(design: Design): HTMLElement[] {
    return [
      this.check(
        'allow_typed_counts',
        design.allow_typed_counts,
        'Raters may type counts instead of marking',
      ),
      this.check(
        'ask_consistency',
        design.ask_consistency,
        'Raters say with every verdict whether it follows from the counts',
      ),
      make(
        'label',
        { class: 'check', for: 'show_t1' },
        this.t1,
        'The T1 stands beside the FLAIR, where a case has one',
      ),
    ]
  }

  private declarations(design: Design): HTMLElement[] {
    return [
      this.check('sign_instructions', design.sign_instructions, 'Raters sign the instructions'),
      this.check(
        'ask_qualification',
        design.ask_qualification,
        'Raters say their experience, training and specialty',
      ),
      this.check(
        'ask_conditions',
        design.ask_conditions,
        'Raters say room light and screen, once per sitting',
      ),
    ]
  }

  /** A field of the design with its label, and a hint below. */
  private field(
    name: string,
    label: string | HTMLLabelElement,
    field: Field,
    hint: string | HTMLElement = '',
  ): HTMLElement[] {
    field.id = name
    this.fields[name] = field
    const said = typeof label === 'string' ? make('label', { for: name }, label) : label
    if (!hint) return [said, field]
    return [said, field, typeof hint === 'string' ? make('p', { class: 'hint' }, hint) : hint]
  }

  private check(name: string, isOn: boolean | undefined, label: string): HTMLElement {
    const box = make('input', { type: 'checkbox', id: name })
    box.checked = isOn ?? false
    this.fields[name] = box
    return make('label', { class: 'check', for: name }, box, label)
  }
}

function text(value: unknown): Field {
  const area = make('textarea')
  area.value = String(value ?? '')
  return area
}

function choice(value: unknown, options: Record<string, string>): Field {
  const list = make(
    'select',
    {},
    ...Object.entries(options).map(([key, said]) => make('option', { value: key }, said)),
  )
  list.value = String(value)
  return list
}

// Editing the draft of a reference study: which cases, who delineates, whence the dots come.

import { request } from '../api/client'
import { explanation, Refused } from '../api/errors'
import type { ReferenceChoices, ReferenceDesign, ReferenceStudy } from '../api/types'
import { make, plural, setText, whileResting } from '../elements'
import { type Box, exchangeBoxes, Fields, ticked } from '../evaluations/form'
import { numberField, numberIn, refuseUnreadable } from '../numbers'
import { DraftSaving } from '../saving/draftSaving'
import { askToOpen, deletionButton } from '../saving/endOfDraft'
import { showTrouble } from '../trouble'
import type { ReferencePageData } from './referencePage'

const STUDY = '/api/v1/reference-studies/{slug}/'
const NUMBERS = ['interval_days', 'min_volume_mm3', 'reach_mm', 'shams_per_case'] as const

export async function showDraft(
  root: HTMLElement,
  study: ReferenceStudy,
  data: ReferencePageData,
  refresh: () => Promise<void>,
): Promise<void> {
  const where = { slug: data.study }
  const choices = await request('GET', '/api/v1/reference-studies/{slug}/choices/', where)
  new Draft(root, study, choices, data, refresh)
}

class Draft {
  private readonly saving: DraftSaving<ReferenceStudy>
  private readonly fields = new Fields('reference')
  private readonly title: HTMLInputElement
  private readonly instructions = make('textarea', { id: 'reference-instructions' })
  private readonly numbers: Record<(typeof NUMBERS)[number], HTMLInputElement>
  private readonly proposals: HTMLInputElement
  private readonly openButton = make(
    'button',
    { type: 'button', class: 'primary', 'data-action': 'open', click: () => void this.open() },
    'Open the study',
  )
  private readonly cases = make('fieldset')
  /** The rules that the server counts with. */
  private counted: ReferenceDesign
  private readonly delineators = make('fieldset')
  private readonly methods = make('fieldset')

  constructor(
    root: HTMLElement,
    study: ReferenceStudy,
    choices: ReferenceChoices,
    private readonly data: ReferencePageData,
    private readonly refresh: () => Promise<void>,
  ) {
    const { design } = study
    const where = { slug: data.study }
    this.counted = design
    this.saving = new DraftSaving<ReferenceStudy>(study.revision, {
      send: (change, signal) => {
        refuseUnreadable(this.numbers)
        return request('PATCH', STUDY, where, { ...this.draft, ...change }, signal)
      },
      show: (answer) => this.show(answer),
      explain: (error) => this.explain(error),
    })
    this.title = make('input', { value: study.title, maxlength: 80, required: true })
    this.instructions.value = design.instructions ?? ''
    this.numbers = {
      interval_days: numberField(design.interval_days),
      min_volume_mm3: numberField(design.min_volume_mm3),
      reach_mm: numberField(design.reach_mm),
      shams_per_case: numberField(design.shams_per_case),
    }
    this.proposals = make('input', { type: 'checkbox', checked: design.proposals ?? false })
    this.offer(choices, design)
    const form = make(
      'form',
      { novalidate: true },
      make(
        'div',
        { class: 'two' },
        make('div', {}, this.casesPanel(choices), this.peoplePanel(choices)),
        make('div', {}, this.dotsPanel(), this.rulesPanel()),
      ),
    )
    form.addEventListener('input', () => this.saving.soon())
    form.addEventListener('focusout', () => this.fillIn())
    form.addEventListener('submit', (event) => event.preventDefault())
    root.replaceChildren(
      this.saving.element,
      form,
      make(
        'div',
        { class: 'actions' },
        this.openButton,
        deletionButton(
          'The cases, masks and people stay; only the draft goes.',
          () => this.saving.possibleRevisions,
          (seen) => request('POST', '/api/v1/reference-studies/{slug}/delete/', where, seen),
          () => {
            this.saving.end()
            location.assign(data.studies)
          },
        ),
      ),
    )
  }

  private offer(choices: ReferenceChoices, design: ReferenceDesign): void {
    const isCase = new Set(design.cases)
    const isPerson = new Set(design.delineators)
    const isMethod = new Set(design.methods)
    const codes = choices.cases.map(({ code, subject, methods }) => ({
      value: code,
      text: `${code} (${subject}), ${plural(methods.length, 'method')}`,
      checked: isCase.has(code),
    }))
    const people = choices.people.map(({ username, name }) => ({
      value: username,
      text: name && name !== username ? `${username} (${name})` : username,
      checked: isPerson.has(username),
    }))
    const methods = choices.methods.map(({ name, title }) => {
      const masks = choices.cases.filter((one) => one.methods.includes(name)).length
      return {
        value: name,
        text: `${title} (masks of ${plural(masks, 'case')})`,
        checked: isMethod.has(name),
      }
    })
    exchangeBoxes(this.cases, withChosen(codes, isCase, 'cannot be chosen now'))
    const why = 'cannot delineate if you open the study'
    exchangeBoxes(this.delineators, withChosen(people, isPerson, why))
    exchangeBoxes(this.methods, withChosen(methods, isMethod, 'has no mask any more'))
  }

  private casesPanel(choices: ReferenceChoices): HTMLElement {
    const all = (): void => {
      for (const box of this.cases.querySelectorAll('input')) box.checked = true
      this.saving.soon()
    }
    const none = 'This cohort has no case yet. Bring cases in on the Cases page first.'
    return make(
      'section',
      { class: 'sheet' },
      make('h2', {}, 'What is delineated'),
      ...this.fields.field('title', 'Title (delineators see it)', this.title),
      ...(choices.cases.length === 0
        ? [make('p', { class: 'notice is-warning' }, none)]
        : this.fields.boxes('cases', 'Cases', this.cases)),
      make(
        'div',
        { class: 'actions' },
        make('button', { type: 'button', click: all }, 'Choose all cases'),
      ),
      make('label', { for: 'reference-instructions' }, 'Instructions'),
      this.instructions,
      make('p', { class: 'hint' }, 'Delineators read them beside their cases.'),
    )
  }

  private peoplePanel(choices: ReferenceChoices): HTMLElement {
    const hint =
      'The people of the cohort but you: whoever opens the study cannot delineate in it. Until they have finished, its cases exist for them nowhere else.'
    const none =
      'Nobody belongs to this cohort but you, and whoever opens the study cannot delineate in it. Invite delineators under Cases, People first.'
    return make(
      'section',
      { class: 'sheet' },
      make('h2', {}, 'Who delineates'),
      ...(choices.people.length === 0
        ? [make('p', { class: 'notice is-warning' }, none)]
        : this.fields.boxes('delineators', 'Delineators', this.delineators, hint)),
    )
  }

  private dotsPanel(): HTMLElement {
    return make(
      'section',
      { class: 'sheet' },
      make('h2', {}, 'Between the two steps'),
      ...this.fields.field(
        'interval_days',
        'Interval (days)',
        this.numbers.interval_days,
        'From the last first step of a case to its dots. The paper waited more than six months.',
      ),
      ...this.fields.boxes(
        'methods',
        'Methods whose lesions become dots, too',
        this.methods,
        'The newest mask by a job that succeeded, frozen at the opening. Every case needs one of each.',
      ),
      ...this.fields.field(
        'shams_per_case',
        'Sham dots per case',
        this.numbers.shams_per_case,
        'Dots where nobody and no method found anything: how many are accepted tells how readily somebody says yes. 0: none.',
      ),
    )
  }

  private rulesPanel(): HTMLElement {
    this.proposals.id = 'reference-proposals'
    return make(
      'section',
      { class: 'sheet' },
      make('h2', {}, 'Rules'),
      ...this.fields.field(
        'min_volume_mm3',
        'Smallest lesion (mm³)',
        this.numbers.min_volume_mm3,
        'Smaller ones become no dot and are not in the references.',
      ),
      ...this.fields.field(
        'reach_mm',
        'Reach of a dot (mm)',
        this.numbers.reach_mm,
        'So near to a dot a drawn lesion has to come to belong to it.',
      ),
      make(
        'label',
        { class: 'check', for: 'reference-proposals' },
        this.proposals,
        'A lesion may be begun from the voxels behind its dot (recorded for each lesion)',
      ),
    )
  }

  private get draft(): { title: string; design: ReferenceDesign } {
    return {
      title: this.title.value,
      design: {
        interval_days: numberIn(this.numbers.interval_days),
        min_volume_mm3: numberIn(this.numbers.min_volume_mm3),
        reach_mm: numberIn(this.numbers.reach_mm),
        shams_per_case: numberIn(this.numbers.shams_per_case),
        proposals: this.proposals.checked,
        instructions: this.instructions.value,
        cases: ticked(this.cases),
        delineators: ticked(this.delineators),
        methods: ticked(this.methods),
      },
    }
  }

  /** This will show what the server made of the draft: an emptied number is the default again. */
  private show({ design }: ReferenceStudy): void {
    this.fields.say({})
    this.counted = design
    this.fillIn()
  }

  private fillIn(): void {
    if (this.saving.isUnsaved) return
    for (const name of NUMBERS) {
      const field = this.numbers[name]
      if (field.value === '' && field !== document.activeElement)
        field.value = String(this.counted[name] ?? '')
    }
  }

  private explain(error: unknown): void {
    showTrouble(this.saving.trouble, error)
    if (error instanceof Refused) this.fields.say(withoutPrefix(error.fields), false)
  }

  /** This will say at its field what has to be chosen before the study can be opened. */
  private lacks(): boolean {
    const missing: Record<string, string[]> = {}
    if (ticked(this.cases).length === 0) missing.cases = ['There is no case yet.']
    if (ticked(this.delineators).length === 0) missing.delineators = ['There is no delineator yet.']
    const said = Object.values(missing).flat()
    this.fields.say(missing)
    setText(
      this.saving.trouble,
      said.length > 0 ? `${said.join(' ')} Nothing was opened; choose them first.` : '',
    )
    return said.length > 0
  }

  private async open(): Promise<void> {
    try {
      await whileResting(this.openButton, this.saving.now())
    } catch {
      return
    }
    if (this.lacks()) return
    const cases = ticked(this.cases).length
    const people = ticked(this.delineators).length
    const { study: slug } = this.data
    askToOpen(this.saving, {
      title: 'Open the reference study?',
      text: `${plural(cases, 'case')}, ${plural(people, 'delineator')}, two steps: ${2 * cases} delineations each. Opening freezes the design and the methods' masks and lets the delineators begin. Until you close the study you see their pace, never what they draw or decide.`,
      send: (seen) => request('POST', '/api/v1/reference-studies/{slug}/open/', { slug }, seen),
      refresh: this.refresh,
      explain: (error) => {
        this.explain(error)
        return explanation(error)
      },
    })
  }
}

/** Boxes with those that are chosen and not offered: what nobody sees would go unnoticed. */
function withChosen(boxes: readonly Box[], chosen: ReadonlySet<string>, why: string): Box[] {
  const offered = new Set(boxes.map(({ value }) => value))
  const others = [...chosen].filter((value) => !offered.has(value))
  return [...boxes, ...others.map((value) => ({ value, text: `${value} (${why})`, checked: true }))]
}

/** The faults of `design.gap` are those of the field `gap`. */
function withoutPrefix(
  fields: Readonly<Record<string, readonly string[]>>,
): Record<string, readonly string[]> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, said]) => [name.replace(/^design\./, ''), said]),
  )
}

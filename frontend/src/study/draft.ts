// Editing a draft: which masks, which raters, which rules, and what that means.

import { request } from '../api/client'
import { explanation, Refused } from '../api/errors'
import type { Candidates, Design, Study } from '../api/types'
import { make, plural, setText } from '../elements'
import { timeFormat } from '../time'
import { showTrouble } from '../trouble'
import { deletionButton } from './deletion'
import { askFirst } from './dialog'
import { meaningPanel } from './meaning'
import { leftOut } from './pairing'
import { PracticePanel } from './practice'
import type { StudyPageData } from './studyPage'
import {
  acceptable,
  fractionOf,
  inPercent,
  onThreshold,
  THRESHOLDS,
  thresholdOf,
} from './thresholds'

const STUDY = '/api/v1/studies/{slug}/'
const SAVE_AFTER_MS = 500
const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'medium' })

export async function showDraft(
  root: HTMLElement,
  study: Study,
  data: StudyPageData,
  refresh: () => Promise<void>,
): Promise<void> {
  const candidates = await request('GET', '/api/v1/studies/{slug}/candidates/', {
    slug: data.study,
  })
  new Draft(root, study, candidates, data, refresh)
}

class Draft {
  private readonly state = make('p', { class: 'hint', role: 'status' }, 'All changes are saved.')
  private readonly trouble = make('p', { class: 'trouble', role: 'alert' })
  private readonly means: HTMLElement
  private readonly masks = new Map<string, HTMLInputElement>()
  private readonly raters = new Map<string, HTMLInputElement>()
  private readonly t1 = make('input', { type: 'checkbox', id: 'show_t1' })
  private readonly title: HTMLInputElement
  private readonly practice: PracticePanel
  private readonly design: Record<
    string,
    HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement
  > = {}
  private readonly lists: Record<string, HTMLElement> = {}
  private timer: ReturnType<typeof setTimeout> | undefined
  private saving: Promise<void> = Promise.resolve()
  /** The names of fields that were edited here: a gap and thresholds are sent only then. */
  private readonly edited = new Set<string>()
  private readonly boundary = make('label', { for: 'boundary_policy' })
  private readonly criterion = make('p', { class: 'hint' })

  constructor(
    private readonly root: HTMLElement,
    private readonly study: Study,
    private readonly candidates: Candidates,
    private readonly data: StudyPageData,
    private readonly refresh: () => Promise<void>,
  ) {
    this.title = make('input', { id: 'title', value: study.title, maxlength: 120 })
    this.means = make('div', {}, meaningPanel(study.meaning))
    const { segmentations } = candidates
    this.practice = new PracticePanel(study, segmentations, () => this.saveSoon())
    this.lists.practice = this.practice.element
    const form = make(
      'div',
      {},
      this.masksPanel(study),
      this.ratersPanel(study),
      this.rulesPanel(study.design),
      this.practice.element,
    )
    const open = make(
      'button',
      { type: 'button', class: 'primary', 'data-action': 'open', click: () => void this.open() },
      'Open the study',
    )
    root.replaceChildren(
      ...leftOut(study),
      this.state,
      this.trouble,
      make('div', { class: 'two' }, form, make('div', {}, this.means)),
      make('div', { class: 'actions' }, open, deletionButton(data)),
    )
    this.showThresholds(study.design)
    form.addEventListener('input', (event) => {
      if (event.target instanceof Element) this.edited.add(event.target.id)
      this.saveSoon()
    })
    window.addEventListener('beforeunload', (event) => {
      if (this.timer === undefined) return
      event.preventDefault()
      this.save().catch(() => undefined) // what went wrong is said on the page
    })
  }

  private masksPanel(study: Study): HTMLElement {
    const chosen = new Set(study.items.map((item) => item.segmentation))
    type Mask = Candidates['segmentations'][number]
    const named = (mask: Mask): string => `${mask.case}: ${mask.title}`
    const counts = new Map<string, number>()
    for (const mask of this.candidates.segmentations)
      counts.set(named(mask), (counts.get(named(mask)) ?? 0) + 1)
    const rows = this.candidates.segmentations.map((mask) => {
      const box = make('input', { type: 'checkbox', value: mask.segmentation })
      box.checked = chosen.has(mask.segmentation)
      this.masks.set(mask.segmentation, box)
      const isRepeated = (counts.get(named(mask)) ?? 0) > 1
      const made = isRepeated ? `, made ${moment(mask.created_at)}` : '' // else they look the same
      const text = `${named(mask)}, ${plural(mask.lesions, 'lesion')}${made}`
      return make('label', { class: 'check' }, box, text)
    })
    const titles = (masks: readonly Mask[]) => [...new Set(masks.map(({ title }) => title))].sort()
    const byMethod = (mask: Mask): boolean => mask.method !== ''
    const newest = titles(this.candidates.segmentations.filter(byMethod)).map((kind) =>
      make(
        'button',
        { type: 'button', click: () => this.pickNewest(kind) },
        `Newest ${kind} of every case`,
      ),
    )
    return make(
      'section',
      { class: 'sheet' },
      make('h2', {}, 'Masks to be judged'),
      rows.length > 0
        ? this.list('items', 'masks', rows)
        : make(
            'p',
            { class: 'notice is-warning' },
            'This cohort has no mask yet. Open a case and segment it, or run manage.py segment --all.',
          ),
      make('div', { class: 'actions' }, ...newest),
      ...this.otherMasks(titles(this.candidates.segmentations.filter((mask) => !byMethod(mask)))),
    )
  }

  /** One list for all masks that no method made: a reference study alone leaves many titles. */
  private otherMasks(titles: readonly string[]): HTMLElement[] {
    if (titles.length === 0) return []
    const list = make(
      'select',
      { id: 'other-masks' },
      ...titles.map((title) => make('option', { value: title }, title)),
    )
    const pick = { type: 'button' as const, click: () => this.pickNewest(list.value) }
    return [
      make('label', { for: 'other-masks' }, 'References and other masks that no method made'),
      make('div', { class: 'actions' }, list, make('button', pick, 'Newest of every case')),
    ]
  }

  private pickNewest(kind: string): void {
    const newest = new Map<string, string>()
    for (const mask of this.candidates.segmentations) {
      if (mask.title === kind) newest.set(mask.case, mask.segmentation) // the list is by age
    }
    const picked = new Set(newest.values())
    for (const mask of this.candidates.segmentations) {
      const box = this.masks.get(mask.segmentation)
      if (box && mask.title === kind) box.checked = picked.has(mask.segmentation)
    }
    this.saveSoon()
  }

  private ratersPanel(study: Study): HTMLElement {
    const chosen = new Set(study.raters.map((rater) => rater.username))
    const rows = this.candidates.users.map((user) => {
      const box = make('input', { type: 'checkbox', value: user.username })
      box.checked = chosen.has(user.username)
      this.raters.set(user.username, box)
      const name = user.name && user.name !== user.username ? ` (${user.name})` : ''
      return make('label', { class: 'check' }, box, `${user.username}${name}`)
    })
    return make(
      'section',
      { class: 'sheet' },
      make('h2', {}, 'Raters'),
      make(
        'p',
        { class: 'hint' },
        'Here are the people of your cohorts and the raters of your studies; invite others as raters under Cases, People. Whoever coordinates this study cannot rate in it.',
      ),
      this.list('raters', 'raters', rows),
    )
  }

  /** A list to choose from; faults of this field are said below it. */
  private list(field: string, name: string, rows: readonly HTMLElement[]): HTMLElement {
    const list = make('div', { class: 'pick', 'data-list': name }, ...rows)
    this.lists[field] = list
    return list
  }

  private rulesPanel(design: Design): HTMLElement {
    const field = <Element extends HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>(
      name: string,
      label: string | HTMLLabelElement,
      element: Element,
      hint: string | HTMLElement = '',
    ): HTMLElement[] => {
      element.id = name
      this.design[name] = element
      const said = typeof label === 'string' ? make('label', { for: name }, label) : label
      const parts: HTMLElement[] = [said, element]
      if (hint) parts.push(typeof hint === 'string' ? make('p', { class: 'hint' }, hint) : hint)
      return parts
    }
    const number = (value: unknown, max: number): HTMLInputElement =>
      make('input', { type: 'number', min: 0, max, value: String(value ?? '') })
    const choice = (value: unknown, options: Record<string, string>): HTMLSelectElement => {
      const made = make(
        'select',
        {},
        ...Object.entries(options).map(([key, text]) => make('option', { value: key }, text)),
      )
      made.value = String(value)
      return made
    }
    const text = (value: unknown): HTMLTextAreaElement => {
      const made = make('textarea')
      made.value = String(value ?? '')
      return made
    }
    this.t1.checked = design.shown_sequences?.includes('T1') ?? false
    const check = (name: string, isOn: boolean | undefined, label: string): HTMLElement => {
      const box = make('input', { type: 'checkbox', id: name })
      box.checked = isOn ?? false
      this.design[name] = box
      return make('label', { class: 'check', for: name }, box, label)
    }
    return make(
      'section',
      { class: 'sheet' },
      make('h2', {}, 'Rules'),
      make('label', { for: 'title' }, 'Title (raters see it)'),
      this.title,
      ...field('instructions', 'Instructions to the raters', text(design.instructions)),
      ...field(
        'dawm_instruction',
        'Diffusely abnormal white matter',
        text(design.dawm_instruction),
        'How it is to be counted, in words. Raters see it.',
      ),
      ...field(
        'case_sampling',
        'How the cases were found',
        text(design.case_sampling),
        'Consecutive, random or chosen; from when to when; where. It goes into the Methods of the report. Raters do not see it.',
      ),
      ...field(
        'gap',
        'Gap',
        number(design.gap, 10_000),
        'A mask comes again at least so many positions later.',
      ),
      ...field(
        'washout_days',
        'Washout (days)',
        number(design.washout_days, 365),
        'Pause between the first and the second showing of all masks. 0: none.',
      ),
      ...field(
        'precision_threshold',
        'Precision threshold (%)',
        make('input', { type: 'number', min: 0.1, max: 99.9, step: 0.1 }),
        'The share of the drawn lesions that are right.',
      ),
      ...field(
        'recall_threshold',
        'Recall threshold (%)',
        make('input', { type: 'number', min: 0.1, max: 99.9, step: 0.1 }),
        'The share of the true lesions that are drawn.',
      ),
      ...field(
        'boundary_policy',
        this.boundary,
        choice(design.boundary_policy, {
          strict: 'is not acceptable (strict)',
          lenient: 'is acceptable (lenient)',
        }),
        this.criterion,
      ),
      ...field(
        'primary_analysis',
        'Primary analysis',
        choice(design.primary_analysis, {
          derived: 'the verdict derived from the counts',
          rater: "the rater's own verdict",
        }),
      ),
      ...field(
        'equivalence_margin',
        'Margin of equivalence',
        make('input', {
          type: 'number',
          min: 0.01,
          max: 0.99,
          step: 0.01,
          value: String(design.equivalence_margin ?? ''),
        }),
        'The difference of two acceptance rates that would matter, as a share (0.05: five percentage points). With it, methods are also tested for being equally acceptable. Empty: they are not.',
      ),
      ...field(
        'min_volume_mm3',
        'Smallest lesion (mm³)',
        make('input', {
          type: 'number',
          min: 0,
          max: 1000,
          step: 0.1,
          value: String(design.min_volume_mm3 ?? 10.7),
        }),
        'Masks with smaller drawn lesions cannot be judged in this study. 0: any size.',
      ),
      check(
        'allow_typed_counts',
        design.allow_typed_counts,
        'Raters may type counts instead of marking',
      ),
      check(
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
      make('h3', {}, 'Before the first presentation'),
      check('sign_instructions', design.sign_instructions, 'Raters sign the instructions'),
      check(
        'ask_qualification',
        design.ask_qualification,
        'Raters say their experience, training and specialty',
      ),
      check(
        'ask_conditions',
        design.ask_conditions,
        'Raters say room light and screen, once per sitting',
      ),
    )
  }

  private saveSoon(): void {
    setText(this.state, 'Saving…')
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.save().catch(() => undefined) // what went wrong is said on the page
    }, SAVE_AFTER_MS)
  }

  private save(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    const change = {
      title: this.title.value,
      design: this.chosenDesign(),
      items: [...this.masks.values()].filter((box) => box.checked).map((box) => box.value),
      raters: [...this.raters.values()].filter((box) => box.checked).map((box) => box.value),
      practice: [...this.practice.chosen],
    }
    const send = async (): Promise<void> => {
      try {
        const study = await request('PATCH', STUDY, { slug: this.data.study }, change)
        this.means.replaceChildren(meaningPanel(study.meaning))
        this.showGap(study)
        this.showThresholds(study.design)
        // Whatever was changed while this was on its way is still to be sent.
        if (this.timer === undefined) setText(this.state, 'All changes are saved.')
        setText(this.trouble, '')
        this.pointAt({})
      } catch (error) {
        setText(this.state, 'Not saved.')
        showTrouble(this.trouble, error, described(error))
        this.pointAt(error instanceof Refused ? error.fields : {})
        throw error
      }
    }
    const sent = this.saving.then(send)
    this.saving = sent.catch(() => undefined)
    return sent
  }

  /** This will say what is wrong beside each field or list that is named (`gap`, `design.gap`). */
  private pointAt(faults: Readonly<Record<string, readonly string[]>>): void {
    for (const [name, element] of Object.entries({ ...this.lists, ...this.design })) {
      const said = faults[name] ?? faults[`design.${name}`] ?? []
      const id = `${name}-fault`
      document.getElementById(id)?.remove()
      if (name in this.design) element.toggleAttribute('aria-invalid', said.length > 0)
      if (said.length === 0) element.removeAttribute('aria-describedby')
      else {
        element.setAttribute('aria-describedby', id)
        const after = element.parentElement?.matches('label') ? element.parentElement : element
        after.after(make('p', { id, class: 'trouble', 'data-fault': name }, said.join(' ')))
      }
    }
  }

  /** This will bring the first fault into sight, or what is said of the whole draft. */
  private showFirstFault(): void {
    const first = this.root.querySelector<HTMLElement>('[data-fault]') ?? this.trouble
    first.scrollIntoView({ block: 'center' })
  }

  private chosenDesign(): Record<string, unknown> {
    const chosen: Record<string, unknown> = {}
    for (const [name, element] of Object.entries(this.design)) {
      if (element instanceof HTMLInputElement && element.type === 'checkbox') {
        chosen[name] = element.checked
      } else if (element instanceof HTMLInputElement && element.type === 'number') {
        const isSet = element.value !== ''
        chosen[name] = isSet ? Number(element.value) : null
      } else chosen[name] = element.value
    }
    chosen.shown_sequences = this.t1.checked ? ['FLAIR', 'T1'] : ['FLAIR']
    // The gap follows the number of masks until somebody sets it; what is left out stays.
    if (!this.edited.has('gap')) delete chosen.gap
    for (const name of THRESHOLDS) {
      const field = this.design[name]
      if (!field || !this.edited.has(name)) delete chosen[name]
      else chosen[name] = this.thresholdIn(name, field.value)
    }
    if (chosen.min_volume_mm3 === null) delete chosen.min_volume_mm3
    return chosen
  }

  /** This will show the gap that the server counts with, unless the person has set another. */
  private showGap(study: Study): void {
    const gap = this.design.gap
    if (!gap || gap === document.activeElement || (this.edited.has('gap') && gap.value !== ''))
      return
    this.edited.delete('gap') // emptied: back to the default
    gap.value = String(study.design.gap ?? '')
  }

  /** What was typed, as a fraction; the one that was stored, where the field says that again. */
  private thresholdIn(name: (typeof THRESHOLDS)[number], percent: string): unknown {
    const before = thresholdOf(this.study.design, name)
    return percent === inPercent(before) ? before : fractionOf(percent)
  }

  /** This will show the thresholds that nobody has edited here, and say what all of them mean. */
  private showThresholds(design: Design): void {
    for (const name of THRESHOLDS) {
      const field = this.design[name]
      if (field && !this.edited.has(name)) field.value = inPercent(thresholdOf(design, name))
    }
    setText(this.boundary, `Exactly ${onThreshold(design)}`)
    setText(this.criterion, acceptable(design))
  }

  private async open(): Promise<void> {
    try {
      await this.save()
    } catch {
      this.showFirstFault()
      return
    }
    const masks = [...this.masks.values()].filter((box) => box.checked).length
    const raters = [...this.raters.values()].filter((box) => box.checked).length
    if (masks === 0 || raters === 0) {
      const lacking = masks > 0 ? 'raters' : raters > 0 ? 'masks' : 'masks and raters'
      setText(
        this.trouble,
        `The study was not opened: choose ${lacking} first. The draft is saved.`,
      )
      this.showFirstFault()
      return
    }
    const reason = make('textarea', { id: 'opening-reason', maxlength: 2000 })
    askFirst(
      'Open the study?',
      `${plural(masks, 'mask')}, ${plural(raters, 'rater')}, every mask twice: ${2 * masks} presentations each. Opening freezes the design, draws every order and lets the raters begin. Until you close the study you see their pace, never their answers.`,
      'Open',
      async () => {
        try {
          const { study: slug } = this.data
          await request('POST', '/api/v1/studies/{slug}/open/', { slug }, { reason: reason.value })
        } catch (error) {
          this.pointAt(error instanceof Refused ? error.fields : {})
          this.showFirstFault()
          const isSignedOut = error instanceof Refused && error.isSignedOut
          throw isSignedOut ? error : new Error(described(error))
        }
        await this.refresh()
      },
      make('label', { for: 'opening-reason' }, 'Reason, if you like (kept by the audit log)'),
      reason,
    )
  }
}

/** A refusal with the sentences of its fields. */
function described(error: unknown): string {
  const more = error instanceof Refused ? Object.values(error.fields).flat() : []
  const text = explanation(error)
  return [text, ...more.filter((sentence) => !text.includes(sentence))].join(' ')
}

// Editing a draft: which masks, which raters, which rules, and what that means.

import { request } from '../api/client'
import { explanation, Refused } from '../api/errors'
import type { Candidates, Study } from '../api/types'
import { make, plural, setText, whileResting } from '../elements'
import { refuseUnreadable } from '../numbers'
import { DraftSaving } from '../saving/draftSaving'
import { askToOpen } from '../saving/endOfDraft'
import { timeFormat } from '../time'
import { showTrouble } from '../trouble'
import { studyDeletion } from './deletion'
import { meaningPanel } from './meaning'
import { leftOut } from './pairing'
import { PracticePanel } from './practice'
import { RulesPanel } from './rules'
import type { StudyPageData } from './studyPage'

const STUDY = '/api/v1/studies/{slug}/'
const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'medium' })

/** This will show a draft to be edited; what it returns saves what is not saved yet. */
export async function showDraft(
  root: HTMLElement,
  study: Study,
  data: StudyPageData,
  refresh: () => Promise<void>,
): Promise<() => Promise<void>> {
  const candidates = await request('GET', '/api/v1/studies/{slug}/candidates/', {
    slug: data.study,
  })
  const draft = new Draft(root, study, candidates, data, refresh)
  return () => draft.saving.now()
}

class Draft {
  readonly saving: DraftSaving<Study>
  /** Stays in sight beside the rules that are being changed. */
  private readonly means = make('div', {
    class: 'stays',
    role: 'region',
    tabindex: 0, // scrolled by keys, too
    'aria-label': 'What this design means',
  })
  private readonly openButton = make(
    'button',
    { type: 'button', class: 'primary', 'data-action': 'open', click: () => void this.open() },
    'Open the study',
  )
  private readonly masks = new Map<string, HTMLInputElement>()
  private readonly raters = new Map<string, HTMLInputElement>()
  private readonly rules: RulesPanel
  private readonly practice: PracticePanel
  private readonly lists: Record<string, HTMLElement> = {}
  /** What keeps the draft from being opened, by field. */
  private faults: Study['meaning']['faults'] = {}

  constructor(
    private readonly root: HTMLElement,
    study: Study,
    private readonly candidates: Candidates,
    private readonly data: StudyPageData,
    private readonly refresh: () => Promise<void>,
  ) {
    const where = { slug: data.study }
    this.saving = new DraftSaving<Study>(study.revision, {
      send: (change, signal) => {
        refuseUnreadable(this.rules.fields)
        return request('PATCH', STUDY, where, { ...this.draft, ...change }, signal)
      },
      show: (answer) => this.show(answer),
      explain: (error) => this.explain(error),
    })
    this.rules = new RulesPanel(study)
    const { segmentations } = candidates
    this.practice = new PracticePanel(study, segmentations, () => this.saving.soon())
    this.lists.practice = this.practice.element
    const form = make(
      'div',
      {},
      this.masksPanel(study),
      this.ratersPanel(study),
      this.rules.element,
      this.practice.element,
    )
    root.replaceChildren(
      ...leftOut(study),
      this.saving.element,
      make('div', { class: 'two' }, form, this.means),
      make(
        'div',
        { class: 'actions' },
        this.openButton,
        studyDeletion(
          data,
          () => this.saving.possibleRevisions,
          () => this.saving.end(),
        ),
      ),
    )
    this.show(study)
    form.addEventListener('input', () => this.saving.soon())
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
      { id: 'other-masks', input: (event) => event.stopPropagation() }, // chooses nothing yet
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
    this.saving.soon()
  }

  private ratersPanel(study: Study): HTMLElement {
    const chosen = new Set(study.raters.map((rater) => rater.username))
    const row = (username: string, more: string): HTMLElement => {
      const box = make('input', { type: 'checkbox', value: username })
      box.checked = chosen.has(username)
      this.raters.set(username, box)
      return make('label', { class: 'check' }, box, `${username}${more}`)
    }
    const rows = this.candidates.users.map(({ username, name }) =>
      row(username, name && name !== username ? ` (${name})` : ''),
    )
    const gone = [...chosen].filter((username) => !this.raters.has(username))
    rows.push(...gone.map((username) => row(username, ' (has no active account any more)')))
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

  private get draft() {
    return {
      title: this.rules.title,
      design: this.rules.chosen,
      items: [...this.masks.values()].filter((box) => box.checked).map((box) => box.value),
      raters: [...this.raters.values()].filter((box) => box.checked).map((box) => box.value),
      practice: [...this.practice.chosen],
    }
  }

  private explain(error: unknown): void {
    showTrouble(this.saving.trouble, error, described(error))
    this.pointAt(error instanceof Refused ? error.fields : {})
  }

  /** This will show what the server makes of the draft, and what keeps it from being opened. */
  private show({ meaning, design }: Study): void {
    this.means.replaceChildren(meaningPanel(meaning))
    this.rules.show(design)
    this.faults = meaning.faults
    this.pointAt(this.faults)
  }

  /** This will say what is wrong beside each field or list that is named (`gap`, `design.gap`). */
  private pointAt(faults: Readonly<Record<string, readonly string[]>>): void {
    const fields = { ...this.rules.fields, title: this.rules.titleField }
    for (const [name, element] of Object.entries({ ...this.lists, ...fields })) {
      const said = faults[name] ?? faults[`design.${name}`] ?? []
      const id = `${name}-fault`
      this.root.querySelector(`#${id}`)?.remove()
      if (name in fields) element.toggleAttribute('aria-invalid', said.length > 0)
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
    const first = this.root.querySelector<HTMLElement>('[data-fault]')
    if (first) first.scrollIntoView({ block: 'center' })
    else if (!this.saving.isUnsaved) this.saving.trouble.scrollIntoView({ block: 'center' })
  }

  private async open(): Promise<void> {
    try {
      await whileResting(this.openButton, this.saving.now())
    } catch {
      this.showFirstFault()
      return
    }
    const masks = [...this.masks.values()].filter((box) => box.checked).length
    const raters = [...this.raters.values()].filter((box) => box.checked).length
    const lacking = masks > 0 ? 'raters' : raters > 0 ? 'masks' : 'masks and raters'
    const why = [
      ...(masks === 0 || raters === 0 ? [`choose ${lacking} first.`] : []),
      ...Object.values(this.faults).flat(),
    ]
    if (why.length > 0) {
      const told = `The study was not opened: ${why.join(' ')} The draft is saved.`
      setText(this.saving.trouble, told)
      this.showFirstFault()
      return
    }
    const { study: slug } = this.data
    askToOpen(this.saving, {
      title: 'Open the study?',
      text: `${plural(masks, 'mask')}, ${plural(raters, 'rater')}, every mask twice: ${2 * masks} presentations each. Opening freezes the design, draws every order and lets the raters begin. Until you close the study you see their pace, never their answers.`,
      send: (seen) => request('POST', '/api/v1/studies/{slug}/open/', { slug }, seen),
      refresh: this.refresh,
      explain: (error) => {
        this.pointAt(error instanceof Refused ? error.fields : {})
        this.showFirstFault()
        return described(error)
      },
    })
  }
}

/** A refusal with the sentences of its fields. */
function described(error: unknown): string {
  const more = error instanceof Refused ? Object.values(error.fields).flat() : []
  const text = explanation(error)
  return [text, ...more.filter((sentence) => !text.includes(sentence))].join(' ')
}

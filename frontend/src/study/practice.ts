// Choosing practice cases of a draft: a mask to practise on, and one of its case that is right.

import type { Candidates, Study } from '../api/types'
import { make, plural } from '../elements'
import { timeFormat } from '../time'

const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'medium' })

export interface PracticePair {
  readonly segmentation: string
  readonly reference: string
}

export class PracticePanel {
  readonly element: HTMLElement
  private readonly list = make('ul', { class: 'plain', 'data-list': 'practice' })
  private readonly mask: HTMLSelectElement
  private readonly truth: HTMLSelectElement
  private pairs: PracticePair[]

  constructor(
    study: Study,
    private readonly masks: Candidates['segmentations'],
    private readonly changed: () => void,
  ) {
    this.pairs = study.practice.map(({ segmentation, reference }) => ({
      segmentation,
      reference: String(reference),
    }))
    this.mask = make('select', { id: 'practice-mask', input: (event) => this.offerTruths(event) })
    this.truth = make('select', { id: 'practice-truth', input: (event) => event.stopPropagation() })
    const cases = new Map<string, number>()
    for (const mask of masks) cases.set(mask.case, (cases.get(mask.case) ?? 0) + 1)
    for (const mask of masks.filter((one) => (cases.get(one.case) ?? 0) > 1))
      this.mask.append(make('option', { value: mask.segmentation }, this.named(mask.segmentation)))
    this.offerTruths()
    const hasAny = this.mask.options.length > 0
    this.element = make(
      'section',
      { class: 'sheet' },
      make('h2', { id: 'practice' }, 'Practice'),
      make(
        'p',
        { class: 'hint' },
        'Read by every rater before the first presentation, in no analysis. After each they are told how their marks compare with a mask that you trust. Of cases that are not judged in this study.',
      ),
      this.list,
      ...(hasAny
        ? [
            make('label', { for: 'practice-mask' }, 'Mask to practise on'),
            this.mask,
            make('label', { for: 'practice-truth' }, 'What is right, by'),
            this.truth,
            make(
              'div',
              { class: 'actions' },
              make(
                'button',
                { type: 'button', 'data-action': 'add-practice', click: () => this.add() },
                'Add to practice',
              ),
            ),
          ]
        : [make('p', { class: 'hint' }, 'No case of this cohort has two masks.')]),
    )
    this.show()
  }

  get chosen(): readonly PracticePair[] {
    return this.pairs
  }

  private add(): void {
    const pair = { segmentation: this.mask.value, reference: this.truth.value }
    if (!pair.segmentation || !pair.reference) return
    this.set([...this.pairs.filter((one) => one.segmentation !== pair.segmentation), pair])
  }

  private set(pairs: PracticePair[]): void {
    this.pairs = pairs
    this.show()
    this.changed()
  }

  private show(): void {
    const rows = this.pairs.map((pair) =>
      make(
        'li',
        {},
        `${this.named(pair.segmentation)}; right by ${this.title(pair.reference)} `,
        make(
          'button',
          {
            type: 'button',
            class: 'quiet',
            'aria-label': `Take ${this.named(pair.segmentation)} out of practice`,
            click: () => this.set(this.pairs.filter((one) => one !== pair)),
          },
          'Remove',
        ),
      ),
    )
    this.list.replaceChildren(...rows)
  }

  /** Only another mask of the same case can tell what is right. */
  private offerTruths(event?: Event): void {
    event?.stopPropagation() // nothing of the draft has changed yet
    const chosen = this.masks.find((one) => one.segmentation === this.mask.value)
    const others = this.masks.filter((one) => one.case === chosen?.case && one !== chosen)
    this.truth.replaceChildren(
      ...others.map((one) =>
        make('option', { value: one.segmentation }, this.title(one.segmentation)),
      ),
    )
  }

  private named(segmentation: string): string {
    const mask = this.masks.find((one) => one.segmentation === segmentation)
    return mask ? `${mask.case}: ${this.title(segmentation)}` : segmentation
  }

  private title(segmentation: string): string {
    const mask = this.masks.find((one) => one.segmentation === segmentation)
    if (!mask) return segmentation
    const isTwin = (one: typeof mask): boolean => one.case === mask.case && one.title === mask.title
    const isRepeated = this.masks.filter(isTwin).length > 1
    const made = isRepeated ? `, made ${moment(mask.created_at)}` : '' // else they look the same
    return `${mask.title}, ${plural(mask.lesions, 'lesion')}${made}`
  }
}

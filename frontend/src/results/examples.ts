// Example slices of an accepted, an imperfect and a rejected mask: drawn by chance, or chosen here.

import { address, request } from '../api/client'
import type { Example, ExampleChoice, ExampleKind, Examples } from '../api/types'
import { make, setText } from '../elements'
import { reachWhenScrolling } from '../scrolling'
import { showTrouble } from '../trouble'

const KINDS: readonly ExampleKind[] = ['accepted', 'accepted with errors', 'rejected']
const KEPT = 'Kept. The report and the bundle show these too.'
const TRIED = 'This is tried out and not kept yet.'

/** This will show the examples, with the way to choose others. */
export async function examplesPanel(slug: string): Promise<HTMLElement> {
  const examples = await request('GET', '/api/v1/studies/{slug}/examples/', { slug })
  return new ExamplesPanel(slug, examples).element
}

class ExamplesPanel {
  readonly element: HTMLElement
  private readonly picture: HTMLImageElement
  private readonly caption = make('figcaption', { class: 'hint' })
  private readonly state = make('p', { class: 'hint', role: 'status' })
  private readonly trouble = make('p', { class: 'trouble', role: 'alert' })
  private readonly pickers: readonly Picker[]

  constructor(
    private readonly slug: string,
    examples: Examples,
  ) {
    const tryOut = (): void => this.tryOut()
    this.pickers = KINDS.flatMap((kind) => {
      const found = examples.candidates.filter((one) => one.kind === kind)
      return found.length > 0 ? [new Picker(kind, found, tryOut)] : []
    })
    this.picture = make('img', {
      alt: 'Slices of masks with the marks of raters',
      loading: 'lazy',
      error: () => setText(this.trouble, 'The slices could not be drawn. Try again.'),
    })
    const plot = make(
      'div',
      { class: 'plot', role: 'group', 'aria-label': 'Example slices' },
      this.picture,
    )
    reachWhenScrolling(plot)
    this.show(examples)
    this.element = make(
      'section',
      { class: 'sheet', 'data-figure': 'example_slices' },
      make('figure', { class: 'examples' }, plot, this.caption),
      ...(this.pickers.length > 0 ? [this.choosing()] : []),
    )
  }

  private choosing(): HTMLElement {
    return make(
      'details',
      {},
      make('summary', {}, 'Choose the examples'),
      make(
        'p',
        { class: 'hint' },
        'Chance picks nobody’s favourites. What you choose is said in the figure and in the report, with your name, and stands in the audit log. Without a number the slice with most marks is shown.',
      ),
      ...this.pickers.map((one) => one.element),
      make(
        'div',
        { class: 'actions' },
        make(
          'button',
          { type: 'button', class: 'primary', click: () => void this.keep(this.chosen()) },
          'Keep these',
        ),
        make('button', { type: 'button', click: () => void this.keep([]) }, 'Back to chance'),
      ),
      this.state,
      this.trouble,
    )
  }

  private chosen(): ExampleChoice[] {
    return this.pickers.flatMap((one) => one.choice ?? [])
  }

  private tryOut(): void {
    setText(this.trouble, '')
    setText(this.state, TRIED)
    this.draw()
  }

  private async keep(examples: ExampleChoice[]): Promise<void> {
    setText(this.trouble, '')
    try {
      const path = '/api/v1/studies/{slug}/examples/'
      this.show(await request('PUT', path, { slug: this.slug }, { examples }))
      setText(this.state, KEPT)
    } catch (error) {
      showTrouble(this.trouble, error)
    }
  }

  private show(examples: Examples): void {
    setText(this.caption, examples.description)
    for (const picker of this.pickers)
      picker.set(examples.shown.find((one) => one.is_chosen && one.kind === picker.kind))
    this.draw()
  }

  private draw(): void {
    const chosen = JSON.stringify({ examples: this.chosen() })
    this.picture.src = address('/api/v1/studies/{slug}/examples.svg', { slug: this.slug, chosen })
  }
}

/** One kind: which reading is shown, and which slice of it. */
class Picker {
  readonly element: HTMLElement
  private readonly reading: HTMLSelectElement
  private readonly slice: HTMLInputElement

  constructor(
    readonly kind: ExampleKind,
    private readonly candidates: readonly Example[],
    changed: () => void,
  ) {
    this.reading = make(
      'select',
      {
        'aria-label': `Mask that was ${kind}`,
        change: () => {
          this.slice.value = ''
          this.bound()
          changed()
        },
      },
      make('option', { value: '' }, 'By chance'),
      ...candidates.map((one, at) => make('option', { value: at }, named(one))),
    )
    this.slice = make('input', {
      type: 'number',
      min: 1,
      placeholder: 'by marks',
      'aria-label': `Slice of the mask that was ${kind}, from 1 at the bottom`,
      change: () => {
        this.bound()
        changed()
      },
    })
    this.element = make(
      'fieldset',
      { class: 'plain', 'data-kind': kind },
      make('legend', {}, `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)}`),
      make('div', { class: 'actions' }, this.reading, make('span', {}, 'slice'), this.slice),
    )
    this.bound()
  }

  /** What is chosen; undefined for chance. */
  get choice(): ExampleChoice | undefined {
    const chosen = this.candidate
    if (!chosen) return undefined
    const { rater, item, occasion } = chosen
    return { rater, item, occasion, slice: this.slice.valueAsNumber || null }
  }

  set(example: Example | undefined): void {
    const at = this.candidates.findIndex((one) => example && isSame(one, example))
    this.reading.value = at < 0 ? '' : String(at)
    this.slice.value = example?.slice ? String(example.slice) : ''
    this.bound()
  }

  private get candidate(): Example | undefined {
    return this.reading.value ? this.candidates[Number(this.reading.value)] : undefined
  }

  /** Only slices that the scan has. */
  private bound(): void {
    const most = this.candidate?.slices
    this.slice.disabled = most === undefined
    if (most === undefined) return
    this.slice.max = String(most)
    const wanted = Math.round(this.slice.valueAsNumber)
    if (Number.isFinite(wanted)) this.slice.value = String(Math.min(most, Math.max(1, wanted)))
  }
}

function isSame(one: Example, other: Example): boolean {
  return one.rater === other.rater && one.item === other.item && one.occasion === other.occasion
}

function named(one: Example): string {
  return `${one.case}, ${one.method}: ${one.rater}, showing ${one.occasion}; ${one.lesions} drawn, ${one.fp} false, ${one.fn} missed`
}

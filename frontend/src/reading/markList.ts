// The marks as a list: go there, give a reason, say how many lesions it is, remove.

import { make, setText } from '../elements'
import { type Mark, type Marks, MOST_LESIONS } from './marks'
import { REASONS } from './reasons'

export interface MarkActions {
  readonly goTo: (mark: Mark) => void
  readonly giveReason: (mark: Mark, reason: string) => void
  readonly countAs: (mark: Mark, lesions: number) => void
  /** `other` is the key of the mark that it is one lesion with; undefined: a lesion of its own. */
  readonly join: (mark: Mark, other: string | undefined) => void
  readonly remove: (mark: Mark) => void
}

/** This will name every mark: false positives by their number, missed lesions by their dot. */
export function markNames(marks: readonly Mark[]): ReadonlyMap<string, string> {
  let [fp, fn] = [0, 0]
  return new Map(
    marks.map((mark) => {
      if (mark.kind === 'FP') fp += 1
      else fn += 1
      return [mark.key, mark.kind === 'FP' ? `FP ${fp}` : `FN ${fn}`]
    }),
  )
}

/** The parts of a row that change. Its actions get the mark as it is now, by its key. */
interface Row {
  readonly element: HTMLLIElement
  readonly goTo: HTMLButtonElement
  readonly name: HTMLElement
  readonly said: HTMLElement
  readonly reason: HTMLSelectElement
  readonly remove: HTMLButtonElement
  readonly countsAs: HTMLInputElement
  readonly oneWith: HTMLSelectElement
}

export class MarkList {
  readonly element = make('ol', { class: 'marks', 'aria-label': 'Your marks' })
  private readonly rows = new Map<string, Row>()
  private current: string | undefined

  constructor(private readonly actions: MarkActions) {}

  clear(): void {
    this.rows.clear()
    this.current = undefined
    this.element.replaceChildren()
  }

  /**
   * This will show the marks, newest first, and which of them is the `current` one, by key; rows
   * that stay are kept so that focus stays too.
   */
  update(marks: Marks, current: string | undefined): void {
    const names = markNames(marks.all)
    for (const [key, { element }] of this.rows) {
      if (names.has(key)) continue
      element.remove()
      this.rows.delete(key)
    }
    marks.all.toReversed().forEach((mark, at) => {
      const row = this.rows.get(mark.key) ?? this.newRow(mark)
      this.rows.set(mark.key, row)
      row.element.toggleAttribute('data-current', mark.key === current)
      this.fill(row, mark, marks, names)
      if (this.element.children[at] !== row.element)
        this.element.insertBefore(row.element, this.element.children[at] ?? null)
    })
    if (current !== this.current) this.bringIntoSight(this.rows.get(current ?? ''))
    this.current = current
  }

  /** This will scroll the list alone: in a narrow window the scan above it stays in sight. */
  private bringIntoSight(row: Row | undefined): void {
    if (!row) return
    const { offsetTop, offsetHeight } = row.element
    const lowest = offsetTop + offsetHeight - this.element.clientHeight
    this.element.scrollTop = Math.min(offsetTop, Math.max(this.element.scrollTop, lowest))
  }

  private newRow(mark: Mark): Row {
    const name = make('span')
    const said = make('span', { class: 'mark-said' })
    const goTo = make(
      'button',
      {
        type: 'button',
        class: 'mark-name',
        title: 'Go there',
        click: () => this.actions.goTo(mark),
      },
      name,
      said,
    )
    const reason = make(
      'select',
      { change: () => this.actions.giveReason(mark, reason.value) },
      make('option', { value: '' }, 'no reason'),
      ...REASONS[mark.kind].map((text, at) => make('option', { value: text }, `${at + 1} ${text}`)),
    )
    const remove = make(
      'button',
      {
        type: 'button',
        class: 'mark-remove',
        title: 'Remove',
        click: () => this.actions.remove(mark),
      },
      '×',
    )
    const countsAs = make('input', {
      type: 'number',
      min: 1,
      max: MOST_LESIONS,
      step: 1,
      title: 'How many lesions this is to you',
      change: () => {
        delete countsAs.dataset.stored
        this.actions.countAs(mark, countsAs.valueAsNumber)
      },
    })
    const oneWith = make('select', {
      title: 'One lesion with another mark',
      change: () => this.actions.join(mark, oneWith.value || undefined),
    })
    const element = make(
      'li',
      { 'data-kind': mark.kind },
      goTo,
      reason,
      remove,
      make('div', { class: 'mark-counting' }, 'counts as', countsAs, oneWith),
    )
    return { element, goTo, name, said, reason, remove, countsAs, oneWith }
  }

  private fill(row: Row, mark: Mark, marks: Marks, names: ReadonlyMap<string, string>): void {
    const nameOf = (other: Mark): string => names.get(other.key) ?? ''
    const name = nameOf(mark)
    const what = `${mark.kind === 'FP' ? 'false positive' : 'missed lesion'} ${name.slice(3)}`
    const others = marks.oneWith(mark)
    const [first] = others
    setText(row.name, name)
    setText(
      row.said,
      first ? ` = ${nameOf(first).slice(3)}` : mark.countsAs > 1 ? ` ×${mark.countsAs}` : '',
    )
    const counted = first
      ? `, one lesion with ${others.map(nameOf).join(', ')}`
      : mark.countsAs > 1
        ? `, counts as ${mark.countsAs} lesions`
        : ''
    row.goTo.setAttribute('aria-label', `${name}: go to ${what}${counted}`)
    row.remove.setAttribute('aria-label', `Remove ${what}`)
    row.reason.setAttribute('aria-label', `Reason for ${what}`)
    row.countsAs.setAttribute('aria-label', `How many lesions ${what} is`)
    row.oneWith.setAttribute('aria-label', `What ${what} is one lesion with`)
    if (row.reason.value !== mark.reason) row.reason.value = mark.reason
    // What is being typed or chosen in stays as it is while something else is saved.
    if (row.countsAs.dataset.stored !== String(mark.countsAs)) {
      row.countsAs.dataset.stored = row.countsAs.value = String(mark.countsAs)
    }
    const choices = marks.all.filter((other) => other.kind === mark.kind && other.key !== mark.key)
    const listed = choices.map(nameOf).join()
    if (row.oneWith.dataset.listed !== listed) {
      row.oneWith.dataset.listed = listed
      row.oneWith.hidden = choices.length === 0
      row.oneWith.replaceChildren(
        make('option', { value: '' }, 'on its own'),
        ...choices.map((other) =>
          make('option', { value: other.key }, `one with ${nameOf(other)}`),
        ),
      )
    }
    const chosen = first?.key ?? ''
    if (row.oneWith.value !== chosen) row.oneWith.value = chosen
  }
}

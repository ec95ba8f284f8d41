// The marks as a list: go there, give a reason, remove.

import { make } from '../elements'
import type { Mark } from './marks'
import { REASONS } from './reasons'

export interface MarkActions {
  readonly goTo: (mark: Mark) => void
  readonly giveReason: (mark: Mark, reason: string) => void
  readonly remove: (mark: Mark) => void
}

/** This will name every mark: false positives by their lesion, missed lesions by their dot. */
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

export class MarkList {
  readonly element = make('ol', { class: 'marks', 'aria-label': 'Your marks' })
  private readonly rows = new Map<string, HTMLLIElement>()

  constructor(private readonly actions: MarkActions) {}

  /**
   * This will show the marks, newest first, and which of them is the `current` one, by key; rows
   * that stay are kept so that focus stays too.
   */
  update(marks: readonly Mark[], current: string | undefined): void {
    const names = markNames(marks)
    const rows = [...marks].reverse().map((mark) => this.row(mark, names.get(mark.key) ?? ''))
    const keys = new Set(marks.map((mark) => mark.key))
    for (const key of [...this.rows.keys()]) if (!keys.has(key)) this.rows.delete(key)
    for (const child of [...this.element.children])
      if (!rows.includes(child as HTMLLIElement)) child.remove()
    for (const [key, row] of this.rows) row.toggleAttribute('data-current', key === current)
    rows.forEach((row, at) => {
      if (this.element.children[at] !== row)
        this.element.insertBefore(row, this.element.children[at] ?? null)
    })
  }

  private row(mark: Mark, name: string): HTMLLIElement {
    const known = this.rows.get(mark.key)
    if (known) {
      const select = known.querySelector('select')
      if (select && select.value !== mark.reason) select.value = mark.reason
      for (const part of known.querySelectorAll<HTMLElement>('[data-part]'))
        this.name(part, mark, name)
      return known
    }
    const reason = make(
      'select',
      {
        'data-part': 'reason',
        change: (event) => this.actions.giveReason(mark, (event.target as HTMLSelectElement).value),
      },
      make('option', { value: '' }, 'no reason given'),
      ...REASONS[mark.kind].map((text, at) => make('option', { value: text }, `${at + 1} ${text}`)),
    )
    reason.value = mark.reason
    const row = make(
      'li',
      { 'data-kind': mark.kind },
      make('button', {
        type: 'button',
        class: 'mark-name',
        'data-part': 'goTo',
        click: () => this.actions.goTo(mark),
      }),
      reason,
      make(
        'button',
        {
          type: 'button',
          class: 'mark-remove',
          'data-part': 'remove',
          click: () => this.actions.remove(mark),
        },
        '×',
      ),
    )
    for (const part of row.querySelectorAll<HTMLElement>('[data-part]')) this.name(part, mark, name)
    this.rows.set(mark.key, row)
    return row
  }

  private name(part: HTMLElement, mark: Mark, name: string): void {
    const what =
      mark.kind === 'FP' ? `false positive ${name.slice(3)}` : `missed lesion ${name.slice(3)}`
    if (part.dataset.part === 'goTo') {
      part.textContent = name
      part.setAttribute('aria-label', `${name}: go to ${what}`)
      part.title = 'Go there'
    } else if (part.dataset.part === 'remove') {
      part.setAttribute('aria-label', `Remove ${what}`)
      part.title = 'Remove'
    } else part.setAttribute('aria-label', `Reason for ${what}`)
  }
}

// The keys and the mouse, as a table on the page that a button and the ? key bring up; Escape closes.

import { make } from '../elements'
import type { Shortcut } from './keys'

type Row = readonly [what: string, does: string]

const MOUSE: readonly Row[] = [
  ['Wheel', 'slices'],
  ['Right drag', 'grey levels'],
  ['Ctrl + wheel', 'zoom'],
  ['Middle drag', 'move the picture'],
]

export class Legend {
  /** Hidden at first. */
  readonly element: HTMLElement
  readonly button = make(
    'button',
    {
      type: 'button',
      class: 'quiet',
      title: 'Keys and mouse (?)',
      'aria-expanded': 'false',
      click: () => this.toggle(),
    },
    'Keys ?',
  )

  /** Where the keyboard goes when it was in the legend that is closed. */
  rest = (): void => this.button.focus()

  private readonly tables = make('div', { class: 'legend-tables' })

  /** `clicks` says what a click does on this page; `more` stands beside the title. */
  constructor(
    private readonly clicks: readonly Row[],
    shortcuts: readonly Shortcut[],
    ...more: Node[]
  ) {
    const close = { type: 'button', 'aria-label': 'Close the legend', click: () => this.toggle() }
    this.element = make(
      'section',
      { class: 'legend', 'aria-label': 'Keys and mouse', hidden: true },
      make('header', {}, make('h2', {}, 'Keys and mouse'), ...more, make('button', close, '×')),
      this.tables,
    )
    this.show(shortcuts)
    document.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return
      if (this.element.hidden || document.querySelector('dialog[open]')) return
      event.preventDefault() // no other key of the page
      this.hide()
    })
  }

  /** This will list other keys. */
  show(shortcuts: readonly Shortcut[]): void {
    const keys = shortcuts.filter(({ shown }) => shown)
    const rows: readonly Row[] = [
      ...this.clicks,
      ...MOUSE,
      ...keys.map(({ shown, does }): Row => [shown, does]),
    ]
    const half = Math.ceil(rows.length / 2)
    this.tables.replaceChildren(table(rows.slice(0, half)), table(rows.slice(half)))
  }

  toggle(): void {
    this.setHidden(!this.element.hidden)
  }

  hide(): void {
    this.setHidden(true)
  }

  private setHidden(isHidden: boolean): void {
    const hadFocus = this.element.contains(document.activeElement)
    this.element.hidden = isHidden
    this.button.setAttribute('aria-expanded', String(!isHidden))
    if (isHidden && hadFocus) this.rest()
  }
}

function table(rows: readonly Row[]): HTMLElement {
  const lines = rows.map(([what, does]) =>
    make('tr', {}, make('th', { scope: 'row' }, what), make('td', {}, does)),
  )
  return make('table', {}, make('tbody', {}, ...lines))
}

// The keys, as a table on the page.

import { make } from '../elements'
import type { Shortcut } from './keys'

const MOUSE: readonly (readonly [string, string])[] = [
  ['Click a lesion', 'mark it false positive; again takes it back'],
  ['Click elsewhere', 'mark a missed lesion; click its dot to take it back'],
  ['Wheel', 'slices'],
  ['Right drag', 'grey levels'],
  ['Ctrl + wheel', 'zoom'],
  ['Middle drag', 'move the picture'],
]

export function buildLegend(shortcuts: readonly Shortcut[], close: () => void): HTMLElement {
  const row = (what: string, does: string): HTMLElement =>
    make('tr', {}, make('th', { scope: 'row' }, what), make('td', {}, does))
  return make(
    'aside',
    { class: 'legend', 'aria-label': 'Keys and mouse', hidden: true },
    make(
      'button',
      { type: 'button', class: 'legend-close', 'aria-label': 'Close the legend', click: close },
      '×',
    ),
    make('h2', {}, 'Keys and mouse'),
    make(
      'table',
      {},
      make(
        'tbody',
        {},
        ...MOUSE.map(([what, does]) => row(what, does)),
        ...shortcuts.filter(({ shown }) => shown).map(({ shown, does }) => row(shown, does)),
      ),
    ),
  )
}

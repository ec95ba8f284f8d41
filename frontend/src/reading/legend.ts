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
  const rows = [
    ...MOUSE,
    ...shortcuts.filter(({ shown }) => shown).map(({ shown, does }) => [shown, does] as const),
  ]
  const half = Math.ceil(rows.length / 2)
  const table = (part: typeof rows): HTMLElement =>
    make(
      'table',
      {},
      make(
        'tbody',
        {},
        ...part.map(([what, does]) =>
          make('tr', {}, make('th', { scope: 'row' }, what), make('td', {}, does)),
        ),
      ),
    )
  return make(
    'aside',
    { class: 'legend', 'aria-label': 'Keys and mouse', hidden: true },
    make(
      'header',
      {},
      make('h2', {}, 'Keys and mouse'),
      make('button', { type: 'button', 'aria-label': 'Close the legend', click: close }, '×'),
    ),
    make('div', { class: 'legend-tables' }, table(rows.slice(0, half)), table(rows.slice(half))),
  )
}

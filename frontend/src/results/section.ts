// Tables about one thing, with a line that explains them.

import type { ReportTable, Section } from '../api/types'
import { make } from '../elements'
import { reachWhenScrolling } from '../scrolling'

/** Names and numbers of so many characters are not broken, such as Slim U-Net. */
const SHORT = 18

/** This will lay out a section: its tables, and those that are folded away. */
export function sectionPanel(section: Section): HTMLElement {
  const folded = section.folded.some((table) => table.rows.length > 0)
    ? [
        make(
          'details',
          {},
          make('summary', {}, section.folded_title),
          ...section.folded.map(tableOf),
        ),
      ]
    : []
  return make(
    'section',
    { class: 'sheet', id: section.id },
    make('h3', {}, section.title),
    make('p', { class: 'hint' }, section.hint),
    ...section.tables.map(tableOf),
    ...folded,
  )
}

function tableOf(table: ReportTable): HTMLElement {
  const box = make(
    'div',
    { class: 'scroll', role: 'group', 'aria-label': table.caption },
    make(
      'table',
      { class: 'figures' },
      make('caption', { class: 'visually-hidden' }, table.caption),
      make('thead', {}, make('tr', {}, ...table.heads.map(headOf))),
      make('tbody', {}, ...table.rows.map((row) => rowOf(row, table.heads))),
    ),
    ...(table.more ? [make('p', { class: 'hint' }, table.more)] : []),
  )
  reachWhenScrolling(box)
  return box
}

type Head = ReportTable['heads'][number]

function headOf(head: Head): HTMLElement {
  return make('th', { scope: 'col', class: head.is_number ? 'number' : '' }, head.text)
}

function rowOf(row: ReportTable['rows'][number], heads: readonly Head[]): HTMLElement {
  const cells = row.cells.map(({ text, is_undefined }, at) =>
    make(
      'td',
      { class: heads[at]?.is_number ? 'number' : text.length <= SHORT ? 'short' : '' },
      is_undefined ? make('span', { class: 'undefined' }, text) : text,
    ),
  )
  return make('tr', { class: row.is_primary ? 'is-primary' : '' }, ...cells)
}

// What became of every file that was chosen, as a table to keep.

import type { Fate, Shipment } from './batch'

const OUTCOMES: Readonly<Record<Fate, string>> = {
  taken: 'taken',
  known: 'already here',
  refused: 'refused',
  waiting: 'not sent',
  sending: 'not sent',
}

/** Text that no spreadsheet takes for a formula, quoted where CSV needs it. */
function field(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** This will write the summary as CSV: a line per case, then one per ignored file. */
export function summaryCsv(
  shipments: readonly Shipment<unknown>[],
  ignored: readonly string[],
): string {
  const header = ['chosen', 'outcome', 'case', 'taken', 'described', 'ignored', 'remarks']
  const cases = shipments.map((one) => [
    one.label,
    OUTCOMES[one.fate],
    one.code,
    one.taken.join(' '),
    one.described.join(' '),
    one.ignored.join(' '),
    one.words,
  ])
  const files = ignored.map((path) => [path, 'ignored', '', '', '', '', 'in no case'])
  return [header, ...cases, ...files].map((row) => `${row.map(field).join(',')}\n`).join('')
}

// Number fields that hold no number: to the page they read as if they were empty.

import { Refused } from '../api/errors'

/** This will refuse fields, by name, in which the browser finds no number. */
export function refuseUnreadable(fields: Readonly<Record<string, Element>>): void {
  const names = Object.entries(fields)
    .filter(([, field]) => field instanceof HTMLInputElement && field.validity.badInput)
    .map(([name]) => name)
  if (names.length === 0) return
  throw new Refused(
    400,
    'Unreadable',
    'A field for a number has something else in it. Nothing was saved; write it like 92.5.',
    Object.fromEntries(names.map((name) => [name, ['This is no number.']])),
  )
}

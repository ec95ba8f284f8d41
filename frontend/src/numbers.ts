// Fields for numbers that take a decimal comma: a browser's own drop it while one types, so that
// 12,5 becomes 125.

import { Refused } from './api/errors'
import { make } from './elements'

const NUMBER = /^(-?(\d+([.,]\d*)?|[.,]\d+))?$/
const THOUSANDS = /^-?[1-9]\d{0,2},\d{3}$/ // to some 1,000 is a thousand, to others one

/** A field for a number; `value` null or undefined leaves it empty. */
export function numberField(value: unknown): HTMLInputElement {
  const text = String(value ?? '')
  return make('input', { class: 'number', inputmode: 'decimal', maxlength: 20, value: text })
}

/** Whether an element is such a field. */
export function isNumberField(element: Element): element is HTMLInputElement {
  return element instanceof HTMLInputElement && element.matches('[inputmode=decimal]')
}

/** The number in a field as it is written with a point; empty for nothing, and for no number. */
export function numeralIn(field: HTMLInputElement): string {
  const text = field.value.trim()
  return isNumber(text) ? text.replace(',', '.') : ''
}

/** The number in a field; null for nothing, and for no number. */
export function numberIn(field: HTMLInputElement): number | null {
  const text = numeralIn(field)
  return text === '' ? null : Number(text)
}

/** This will refuse fields, by name, in which something else than a number is written. */
export function refuseUnreadable(fields: Readonly<Record<string, Element>>): void {
  const unreadable = Object.entries(fields).filter(
    ([, field]) => isNumberField(field) && !isNumber(field.value.trim()),
  )
  if (unreadable.length === 0) return
  throw new Refused(
    400,
    'Unreadable',
    'A field for a number has something else in it. Nothing was saved.',
    Object.fromEntries(
      unreadable.map(([name]) => [name, ['This is no number. Write it like 92.5 or 1000.']]),
    ),
  )
}

function isNumber(text: string): boolean {
  return NUMBER.test(text) && !THOUSANDS.test(text)
}

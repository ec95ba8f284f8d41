// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { DescriptionPart } from './description'

const FIELDS = [
  { name: 'age_years', title: 'Age', unit: 'years', kind: 'number', choices: [], takes: '' },
] as const

/** Whether the browser would ask before the page is left. */
function isHeldBack(): boolean {
  return !window.dispatchEvent(new Event('beforeunload', { cancelable: true }))
}

test('what is written about a case is not left unasked', () => {
  const known = { code: 'C0001', subject: 'S1', description: { age_years: 40 } }
  document.body.append(new DescriptionPart(known, FIELDS, true).element)
  document.querySelector<HTMLButtonElement>('[data-action=describe]')?.click()
  expect(isHeldBack()).toBe(false)
  const age = document.getElementById('description-age_years') as HTMLInputElement
  age.value = '41'
  expect(isHeldBack()).toBe(true)
  age.value = '40'
  expect(isHeldBack()).toBe(false)
  age.value = '42'
  document.querySelector('form')?.reset()
  expect(isHeldBack()).toBe(false)
})

// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from 'vitest'
import { Confirmation } from './confirm'

const submit = vi.fn(async () => () => {})
let confirmation: Confirmation

beforeEach(() => {
  submit.mockClear()
  confirmation = new Confirmation(String)
  document.body.replaceChildren(confirmation.element)
  confirmation.ask('Submit?', [], submit)
})

function press(init: KeyboardEventInit): void {
  document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, ...init }))
}

test('the keys that asked also answer, whichever button has the focus', async () => {
  confirmation.element.querySelector<HTMLElement>('[data-action="go-back"]')?.focus()
  press({ key: 'Enter', ctrlKey: true })
  await vi.waitFor(() => expect(confirmation.isOpen).toBe(false))
  expect(submit).toHaveBeenCalledOnce()
})

test('keys that are held down since they asked answer nothing', () => {
  press({ key: 'Enter', ctrlKey: true, repeat: true })
  expect(submit).not.toHaveBeenCalled()
  expect(confirmation.isOpen).toBe(true)
})

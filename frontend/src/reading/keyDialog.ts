// Where a rater gives the room other keys. They are kept on the server, for every machine.

import { request } from '../api/client'
import { explanation } from '../api/errors'
import { make, setText } from '../elements'
import type { Shortcut } from '../viewer/keys'
import {
  choosable,
  conflict,
  inWords,
  needsLetter,
  type OwnKeys,
  withOwnKeys,
} from '../viewer/ownKeys'

export class KeyDialog {
  private readonly rows = make('tbody')
  private readonly said = make('p', { class: 'hint', role: 'status' })
  private waiting: { readonly name: string; readonly button: HTMLButtonElement } | null = null
  readonly element = make(
    'dialog',
    { class: 'confirm keys', 'aria-labelledby': 'keys-title' },
    make('h2', { id: 'keys-title' }, 'Your keys'),
    make(
      'p',
      { class: 'hint' },
      'Press a button, then the key that it is to have, on every machine. Arrows and other keys without a letter do what they always do, too.',
    ),
    make('div', { class: 'keys-list' }, make('table', {}, this.rows)),
    this.said,
    make(
      'div',
      { class: 'choices' },
      make('button', { type: 'button', click: () => void this.keep({}) }, 'The usual keys'),
      make(
        'button',
        { type: 'button', class: 'primary', click: () => this.element.close() },
        'Done',
      ),
    ),
  )

  constructor(
    private readonly usual: readonly Shortcut[],
    private own: OwnKeys,
    private readonly onChange: (shortcuts: readonly Shortcut[]) => void,
  ) {
    this.element.addEventListener('keydown', (event) => this.take(event))
    this.element.addEventListener('cancel', (event) => {
      if (!this.waiting) return
      event.preventDefault() // Escape gives up the key, not the dialog
      this.wait(null)
    })
  }

  get isOpen(): boolean {
    return this.element.open
  }

  get shortcuts(): readonly Shortcut[] {
    return withOwnKeys(this.usual, this.own)
  }

  open(): void {
    setText(this.said, '')
    this.list()
    this.element.showModal()
  }

  close(): void {
    this.element.close()
  }

  private list(): void {
    this.waiting = null
    const focused = (document.activeElement as HTMLElement | null)?.dataset.key
    const lines = [...choosable(this.shortcuts)].map(([name, keys]) => {
      const button = make(
        'button',
        {
          type: 'button',
          'data-key': name,
          'aria-label': `${inWords(name)}: ${keys || 'no key'}. Change`,
          click: () => this.wait({ name, button }),
        },
        keys || '–',
      )
      return make('tr', {}, make('th', { scope: 'row' }, inWords(name)), make('td', {}, button))
    })
    this.rows.replaceChildren(...lines)
    if (focused) this.rows.querySelector<HTMLElement>(`[data-key="${focused}"]`)?.focus()
  }

  /** This will take the next key for a line; null: for none. */
  private wait(line: { name: string; button: HTMLButtonElement } | null): void {
    this.list()
    if (!line) return
    const button = this.rows.querySelector<HTMLButtonElement>(`[data-key="${line.name}"]`)
    if (!button) return
    button.focus()
    setText(button, 'press a key')
    setText(this.said, `Press the key for “${inWords(line.name)}”, or Escape.`)
    this.waiting = { name: line.name, button }
  }

  private take(event: KeyboardEvent): void {
    const { waiting } = this
    if (!waiting || ['Escape', 'Tab', 'Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return
    event.preventDefault()
    const key = event.key.length === 1 ? event.key.toLowerCase() : ''
    const refusal = this.refusal(waiting.name, key, event)
    if (refusal) setText(this.said, refusal)
    else void this.keep({ ...this.own, [waiting.name]: key })
  }

  private refusal(name: string, key: string, event: KeyboardEvent): string {
    if (!key || event.ctrlKey || event.metaKey || event.altKey)
      return 'Take a letter, a number, a sign or the space bar, without Ctrl or Alt.'
    if (needsLetter(this.usual, name) && key.toLowerCase() === key.toUpperCase())
      return 'Take a letter: the same key does the opposite with Shift.'
    const other = conflict(this.usual, this.own, name, key)
    return other ? `That key is taken: ${other}. Take another, or change that one first.` : ''
  }

  private async keep(own: OwnKeys): Promise<void> {
    try {
      await request('PATCH', '/api/v1/keys/', {}, { keys: own })
      this.own = own
      this.onChange(this.shortcuts)
      this.list()
      setText(this.said, 'Saved.')
    } catch (error) {
      this.list()
      setText(this.said, `Not saved. ${explanation(error)}`)
    }
  }
}

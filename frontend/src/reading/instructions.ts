// What the study asks of its raters: on the screen before, and at hand while they read.

import type { Reading } from '../api/types'
import { make } from '../elements'

/** This will return the instructions as paragraphs; none where the study gives none. */
export function instructionParagraphs(reading: Reading): HTMLElement[] {
  return [reading.instructions, reading.dawm_instruction]
    .filter((text) => text.trim())
    .flatMap((text) => text.split(/\n\s*\n/))
    .map((text) => make('p', {}, text))
}

export class Instructions {
  readonly button = make(
    'button',
    { type: 'button', class: 'quiet', hidden: true, click: () => this.element.showModal() },
    'Instructions',
  )
  private readonly text = make('div')
  readonly element = make(
    'dialog',
    { class: 'confirm', 'aria-labelledby': 'instructions-title' },
    make('h2', { id: 'instructions-title' }, 'Instructions'),
    this.text,
    make(
      'div',
      { class: 'choices' },
      make('button', { type: 'button', class: 'primary', click: () => this.close() }, 'Close'),
    ),
  )

  get isOpen(): boolean {
    return this.element.open
  }

  /** This will offer a reading's instructions; the button is gone where there are none. */
  offer(reading: Reading): void {
    const paragraphs = instructionParagraphs(reading)
    this.text.replaceChildren(...paragraphs)
    this.button.hidden = paragraphs.length === 0
  }

  close(): void {
    this.element.close()
  }
}

// Why a case cannot be submitted yet, each reason with the way to it.

import { make } from '../elements'
import { keepFocus } from '../focus'

export interface Reason {
  readonly text: string
  /** What the button says that leads there. */
  readonly to: string
  readonly go: () => void
}

const SHOWN = 6

export class Missing {
  readonly element = make('div', { class: 'conflict missing', role: 'alert', hidden: true })
  private said = ''

  get isShown(): boolean {
    return !this.element.hidden
  }

  /** This will list what is missing; nothing takes the list off the screen. */
  show(reasons: readonly Reason[]): void {
    const said = reasons.map(({ to, text }) => `${to} ${text}`).join('\n')
    if (said === this.said) return
    this.said = said
    this.element.hidden = reasons.length === 0
    const rows = reasons
      .slice(0, SHOWN)
      .map(({ text, to, go }) =>
        make(
          'li',
          {},
          make('button', { type: 'button', 'data-key': to, click: go }, to),
          make('span', {}, text),
        ),
      )
    const more = reasons.length - rows.length
    const list = [
      make('p', {}, 'Not submitted yet. Everything that was shown as saved is safe.'),
      make('ul', { class: 'plain' }, ...rows),
      ...(more > 0 ? [make('p', {}, `And ${more} more.`)] : []),
    ]
    keepFocus(this.element, () => this.element.replaceChildren(...list))
  }

  /** This will bring the list into sight. */
  reveal(): void {
    this.element.scrollIntoView({ block: 'nearest' })
  }
}

// Why a case cannot be submitted yet, each reason with the way to it.

import { make } from '../elements'

export interface Reason {
  readonly text: string
  /** What the button says that leads there. */
  readonly to: string
  readonly go: () => void
}

const SHOWN = 6

export class Missing {
  readonly element = make('div', { class: 'conflict missing', role: 'alert', hidden: true })

  /** This will list what is missing; nothing takes the list off the screen. */
  show(reasons: readonly Reason[]): void {
    this.element.hidden = reasons.length === 0
    if (reasons.length === 0) {
      this.element.replaceChildren()
      return
    }
    const rows = reasons
      .slice(0, SHOWN)
      .map(({ text, to, go }) =>
        make('li', {}, make('button', { type: 'button', click: go }, to), make('span', {}, text)),
      )
    const more = reasons.length - rows.length
    this.element.replaceChildren(
      make('p', {}, 'Not submitted yet. Everything that was shown as saved is safe.'),
      make('ul', { class: 'plain' }, ...rows),
      ...(more > 0 ? [make('p', {}, `And ${more} more.`)] : []),
    )
    this.element.scrollIntoView({ block: 'nearest' })
  }
}

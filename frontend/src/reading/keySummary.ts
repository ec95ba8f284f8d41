// The keys that are needed most, always beside the scan; a rater can fold them away.

import { request } from '../api/client'
import { make } from '../elements'
import type { Shortcut } from '../viewer/keys'

export class KeySummary {
  private readonly list = make('dl')
  readonly element: HTMLDetailsElement

  /** `isFolded` as the rater has left it; it is kept on the server, for every machine. */
  constructor(private isFolded: boolean) {
    this.element = make(
      'details',
      { class: 'key-summary', open: !isFolded, toggle: () => void this.keep() },
      make('summary', {}, 'Keys'),
      this.list,
    )
  }

  /** This will list these keys. */
  show(shortcuts: readonly Shortcut[]): void {
    const rows = shortcuts.flatMap(({ name = '', shown, brief }) =>
      brief ? make('div', { 'data-key': name }, make('dt', {}, shown), make('dd', {}, brief)) : [],
    )
    this.list.replaceChildren(...rows)
  }

  private async keep(): Promise<void> {
    const isFolded = !this.element.open
    if (isFolded === this.isFolded) return
    this.isFolded = isFolded
    await request('PATCH', '/api/v1/keys/', {}, { summary_folded: isFolded }).catch(() => {
      // Nothing of the reading is lost: the next visit shows it as it was before.
    })
  }
}

// The button that ends a drawing, and the question that it asks first.

import { explanation } from '../api/errors'
import { make, plural } from '../elements'
import { Confirmation } from '../reading/confirm'
import type { Drawn } from './drawn'
import type { Ending, Seen } from './task'

export class EndButton {
  readonly element: HTMLButtonElement
  readonly confirmation: Confirmation
  private isAsking = false

  /** `drawn` and `activeMs` are asked when the drawing ends; lesions below `minMm3` do not count. */
  constructor(
    private readonly ending: Ending,
    private readonly minMm3: number,
    private readonly drawn: () => Drawn,
    private readonly activeMs: () => number,
    private readonly say: (text: string) => void,
  ) {
    this.element = make(
      'button',
      { type: 'button', class: 'primary', 'data-action': 'save', click: () => void this.ask() },
      ending.button,
    )
    this.confirmation = new Confirmation(explanation, ending.words)
  }

  /** This will ask whether the drawing is to end here, unless its task has something against it. */
  async ask(): Promise<void> {
    if (this.element.disabled || this.confirmation.isOpen || this.isAsking) return
    this.isAsking = true
    try {
      if (!(await this.ending.isDue())) return
    } catch (error) {
      this.say(explanation(error))
      return
    } finally {
      this.isAsking = false
    }
    this.confirmation.ask(this.ending.question, this.lines(), () => this.ending.run(this.seen()))
  }

  private lines(): readonly string[] {
    const { lesions } = this.drawn()
    const small = lesions.filter(({ isSmall }) => isSmall).length
    return [
      plural(lesions.length, 'lesion'),
      ...(small ? [`${small} of them below ${this.minMm3} mm³`] : []),
      ...this.ending.lines(),
    ]
  }

  private seen(): Seen {
    const { edits, map } = this.drawn()
    return { edits, voxels: map.voxels, digest: map.digest, active_ms: this.activeMs() }
  }
}

// The stack of slices as a strip beside the image: where one is, what was seen, where lesions are.

import { make } from '../elements'
import type { Coverage } from '../voxels/slices'

export class SliceStrip {
  readonly element = make('div', { class: 'strip', 'aria-hidden': 'true' })
  private cells: HTMLElement[] = []

  constructor(onPick: (slice: number) => void) {
    const pick = (event: PointerEvent): void => {
      const box = this.element.getBoundingClientRect()
      const share = 1 - (event.clientY - box.top) / box.height
      const slice = Math.floor(share * this.cells.length)
      onPick(Math.max(0, Math.min(this.cells.length - 1, slice)))
    }
    this.element.addEventListener('pointerdown', (event) => {
      this.element.setPointerCapture(event.pointerId)
      pick(event)
    })
    this.element.addEventListener('pointermove', (event) => {
      if (this.element.hasPointerCapture(event.pointerId)) pick(event)
    })
  }

  /** This will draw a strip for a new stack; the top of the head is on top. */
  start(slices: number, withLesions: ReadonlySet<number>): void {
    this.cells = Array.from({ length: slices }, (_, slice) =>
      make('span', withLesions.has(slice) ? { 'data-lesion': true } : {}),
    )
    this.element.replaceChildren(...[...this.cells].reverse())
  }

  update(slice: number, coverage: Coverage): void {
    for (const [at, cell] of this.cells.entries()) {
      cell.toggleAttribute('data-here', at === slice)
      cell.toggleAttribute('data-seen', coverage.has(at))
    }
  }
}

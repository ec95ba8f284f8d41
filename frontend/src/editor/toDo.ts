// What raters of closed studies found wrong in the mask that is corrected, as a list to work off.

import type { ToCorrect } from '../api/types'
import { make, plural, setText } from '../elements'
import type { Dot } from '../viewer/dots'
import type { Triple } from '../voxels/grid'

/** A fault is mended when nothing is drawn at a false positive, or something at a missed lesion. */
export function isMended(fault: ToCorrect, isDrawn: boolean): boolean {
  return fault.kind === 'FP' ? !isDrawn : isDrawn
}

/** This will count faults in words: "3 false positives, 2 missed". */
export function faultsText(faults: readonly ToCorrect[]): string {
  const fp = faults.filter(({ kind }) => kind === 'FP').length
  return `${plural(fp, 'false positive')}, ${faults.length - fp} missed`
}

export class ToDo {
  private readonly heading = make('h2', {})
  private readonly list = make('ol', { class: 'drawn-lesions' })
  readonly element = make(
    'section',
    { class: 'to-do', 'aria-label': 'To correct', hidden: true },
    this.heading,
    this.list,
  )
  private faults: readonly ToCorrect[] = []

  constructor(private readonly goTo: (mm: Triple) => void) {}

  show(faults: readonly ToCorrect[]): void {
    this.faults = faults
    this.element.hidden = faults.length === 0
    this.list.replaceChildren(
      ...faults.map((fault, at) =>
        make(
          'li',
          {},
          make(
            'button',
            { type: 'button', class: 'lesion-name', click: () => this.goTo(fault.mm) },
            `${fault.kind === 'FP' ? 'False positive' : 'Missed'} ${at + 1}`,
          ),
          make('span', { class: 'lesion-size' }),
        ),
      ),
    )
  }

  /** This will say which faults are mended, and return a dot for each of the others. */
  update(isDrawn: (mm: Triple) => boolean): readonly Dot[] {
    const open = this.faults.filter((fault, at) => {
      const mended = isMended(fault, isDrawn(fault.mm))
      const row = this.list.children[at]
      const how = `marked in ${plural(fault.showings, 'showing')}`
      if (row?.children[1]) setText(row.children[1], mended ? 'mended' : how)
      return !mended
    })
    setText(this.heading, open.length > 0 ? `To correct: ${faultsText(open)}` : 'All mended')
    return open.map((fault) => {
      const number = String(this.faults.indexOf(fault) + 1)
      const label = `${fault.kind === 'FP' ? 'False positive' : 'Missed lesion'} ${number}`
      return { key: number, mm: fault.mm, text: number, label, onClick: () => {} }
    })
  }
}

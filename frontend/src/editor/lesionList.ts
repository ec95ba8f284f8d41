// The lesions of a drawing as a list: where they are, how large, what can be done with each.

import { make, plural, setText } from '../elements'
import type { DrawnLesion } from './drawn'

export interface LesionActions {
  readonly choose: (id: number) => void
  readonly accept: (id: number) => void
  readonly remove: (id: number) => void
}

export class LesionList {
  private readonly list = make('ol', { class: 'drawn-lesions' })
  private readonly summary = make('p', { class: 'hint', role: 'status' })
  readonly element = make(
    'section',
    { class: 'drawn-section', 'aria-label': 'Lesions' },
    this.summary,
    this.list,
  )
  private readonly rows = new Map<number, HTMLLIElement>()

  constructor(
    private readonly actions: LesionActions,
    private readonly minMm3: number,
  ) {}

  /** This will show the lesions in their order; rows that say the same stay as they are. */
  show(lesions: readonly DrawnLesion[], chosen: number): void {
    const small = lesions.filter(({ isSmall }) => isSmall).length
    const mm3 = lesions.reduce((sum, lesion) => sum + lesion.mm3, 0)
    const below = small > 0 ? `, ${small} below ${this.minMm3} mm³` : ''
    setText(
      this.summary,
      `${plural(lesions.length, 'lesion')}, ${(mm3 / 1000).toFixed(2)} ml${below}`,
    )
    const gone = new Set(this.rows.keys())
    for (const [at, lesion] of lesions.entries()) {
      gone.delete(lesion.id)
      const row = this.rows.get(lesion.id) ?? this.row(lesion.id)
      this.fill(row, lesion, lesion.id === chosen)
      if (this.list.children[at] !== row)
        this.list.insertBefore(row, this.list.children[at] ?? null)
    }
    for (const id of gone) {
      this.rows.get(id)?.remove()
      this.rows.delete(id)
    }
  }

  /** This will bring the chosen lesion's row into sight. */
  reveal(id: number): void {
    this.rows.get(id)?.scrollIntoView({ block: 'nearest' })
  }

  private row(id: number): HTMLLIElement {
    const { choose, accept, remove } = this.actions
    const name = `lesion ${id}`
    const row = make(
      'li',
      { 'data-lesion': id },
      make(
        'button',
        { type: 'button', class: 'lesion-name', click: () => choose(id) },
        `Lesion ${id}`,
      ),
      make('span', { class: 'lesion-size' }),
      make(
        'button',
        {
          type: 'button',
          'aria-label': `Accept ${name}`,
          title: 'Accept (A)',
          click: () => accept(id),
        },
        '✓',
      ),
      make(
        'button',
        {
          type: 'button',
          'aria-label': `Delete ${name}`,
          title: 'Delete (Del)',
          click: () => remove(id),
        },
        '×',
      ),
    )
    this.rows.set(id, row)
    return row
  }

  private fill(row: HTMLLIElement, lesion: DrawnLesion, isChosen: boolean): void {
    const [name, size, accept] = row.children
    if (!name || !size || !accept) return
    const { mm3, voxels, isSmall, isAccepted } = lesion
    setText(size, `${mm3.toFixed(1)} mm³${isSmall ? ', too small' : ''}`)
    size.setAttribute('title', plural(voxels, 'voxel'))
    row.toggleAttribute('data-small', isSmall)
    row.toggleAttribute('data-chosen', isChosen)
    name.setAttribute('aria-pressed', String(isChosen))
    accept.setAttribute('aria-pressed', String(isAccepted))
  }
}

// Another sequence of the case beside the FLAIR: both show the same place.

import { fetchBytes } from '../api/client'
import { make } from '../elements'
import { loadScan } from '../viewer/load'
import { Viewer } from '../viewer/viewer'
import type { Triple } from '../voxels/grid'
import type { EditedScan } from './task'

export class Beside {
  readonly element = make('div', {
    class: 'stage beside',
    role: 'group',
    'aria-label': 'Another sequence at the same place',
    hidden: true,
  })
  readonly choice: HTMLSelectElement
  private viewer: Viewer | null = null
  private isShown = false
  private at: Triple = [0, 0, 0]

  constructor(
    private readonly scans: readonly EditedScan[],
    /** Told where the reader goes in the other sequence. */
    private readonly onGo: (mm: Triple) => void,
    private readonly onTrouble: (error: unknown) => void,
  ) {
    const others = scans.filter(({ sequence }) => sequence !== 'FLAIR')
    this.choice = make(
      'select',
      { 'aria-label': 'Sequence beside the FLAIR', change: () => void this.show() },
      make('option', { value: '' }, 'FLAIR alone'),
      ...others.map(({ sequence }) => make('option', { value: sequence }, `FLAIR and ${sequence}`)),
    )
    this.choice.hidden = others.length === 0
  }

  /** This will go to a place that the FLAIR shows. */
  follow(mm: Triple): void {
    if (this.at.every((value, axis) => value === mm[axis])) return
    this.at = mm
    if (this.isShown) this.viewer?.goTo(mm)
  }

  private async show(): Promise<void> {
    const scan = this.scans.find(({ sequence }) => sequence === this.choice.value)
    this.isShown = false
    this.element.hidden = !scan
    if (!scan) return
    try {
      this.element.dataset.busy = 'Loading the scan…'
      this.viewer ??= await Viewer.create(this.element, {
        onClick: (place) => this.onGo(place.mm),
        onChange: () => {},
      })
      const loaded = await loadScan(await fetchBytes(scan.volume))
      if (this.choice.value !== scan.sequence) return
      await this.viewer.show(loaded, null)
      this.isShown = true
      this.viewer.goTo(this.at)
    } catch (error) {
      this.choice.value = ''
      this.element.hidden = true
      this.onTrouble(error)
    } finally {
      delete this.element.dataset.busy
    }
  }
}

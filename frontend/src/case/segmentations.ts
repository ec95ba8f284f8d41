// The segmentations of a case: one at a time lies over the scan.

import type { BrainMask, Segmentation } from '../api/types'
import { make, plural } from '../elements'
import { keepFocus } from '../focus'
import { timeFormat } from '../time'
import { brainText } from './brain'

export interface SegmentationActions {
  readonly show: (segmentation: Segmentation | null) => void
  readonly showBrain: (brain: BrainMask) => void
  readonly goTo: (mm: readonly [number, number, number]) => void
  /** Correct a mask in the editor, or (null) draw one from empty. */
  readonly draw: (segmentation: Segmentation | null) => void
  /** The masks (ids) of which there is an unsaved correction; empty: a drawing from nothing. */
  readonly begun: ReadonlySet<string>
}

const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'short' })

/** This will say in one line what a segmentation holds. */
function segmentationText(segmentation: Segmentation): string {
  if (segmentation.empty) return 'empty: no lesions'
  return `${plural(segmentation.lesions, 'lesion')}, ${segmentation.volume_ml.toFixed(2)} ml`
}

const BRAIN = 'brain'

export class SegmentationList {
  readonly element = make('section', { class: 'segmentations', 'aria-label': 'Segmentations' })
  private listed = ''
  private readonly list = make('div')
  private readonly lesions = make('div')

  constructor(private readonly actions: SegmentationActions) {
    const empty = { type: 'button', click: () => actions.draw(null) }
    const text = actions.begun.has('') ? 'Go on with your drawing' : 'Draw from empty'
    const draw = make('div', { class: 'row-actions' }, make('button', empty, text))
    this.element.append(make('h2', {}, 'Segmentations'), this.list, draw, this.lesions)
  }

  /**
   * This will list the segmentations and the brain, and mark what lies over the scan: the brain,
   * or the segmentation `chosen`. What stays is left alone.
   */
  show(
    segmentations: readonly Segmentation[],
    chosen: string | null,
    brain: BrainMask | null,
    showsBrain: boolean,
  ): void {
    const ids = `${segmentations.map(({ id }) => id)} ${brain?.sha256}`
    const over = showsBrain ? BRAIN : (chosen ?? '')
    if (ids !== this.listed || !this.list.hasChildNodes()) {
      const rows = segmentations.map((segmentation) => this.row(segmentation))
      if (brain) rows.push(this.brain(brain))
      keepFocus(this.list, () => this.list.replaceChildren(this.rows(rows)))
      this.listed = ids
    }
    for (const radio of this.list.querySelectorAll('input')) {
      radio.checked = radio.value === over
    }
    const segmentation = segmentations.find(({ id }) => id === chosen)
    const isOpen = this.lesions.querySelector('details')?.open ?? false
    this.lesions.replaceChildren(this.lesionList(segmentation, isOpen))
  }

  private rows(rows: readonly HTMLElement[]): HTMLElement {
    const isBegun = this.actions.begun.has('')
    const next = isBegun ? 'Your drawing is not saved as one yet.' : 'Start one below.'
    return rows.length === 0
      ? make('p', { class: 'hint' }, `There is no segmentation of this case yet. ${next}`)
      : make('ul', { class: 'segmentation-list' }, this.none(), ...rows)
  }

  private radio(id: string, pick: () => void): HTMLInputElement {
    const key = `segmentation-${id}`
    return make('input', {
      type: 'radio',
      name: 'segmentation',
      value: id,
      'data-key': key,
      change: pick,
    })
  }

  private none(): HTMLElement {
    const pick = this.radio('', () => this.actions.show(null))
    return make('li', {}, make('label', {}, pick, make('span', {}, 'Scan alone')))
  }

  private brain(brain: BrainMask): HTMLElement {
    const pick = this.radio(BRAIN, () => this.actions.showBrain(brain))
    const text = make('span', {}, make('strong', {}, 'Brain'), make('small', {}, brainText(brain)))
    const download = make(
      'a',
      { href: brain.download, download: true, 'data-key': 'download-brain' },
      'Download',
      make('span', { class: 'visually-hidden' }, ' the brain mask'),
    )
    return make('li', { 'data-brain': brain.origin }, make('label', {}, pick, text), download)
  }

  private row(segmentation: Segmentation): HTMLElement {
    const pick = this.radio(segmentation.id, () => this.actions.show(segmentation))
    return make(
      'li',
      { 'data-segmentation': segmentation.id },
      make(
        'label',
        {},
        pick,
        make(
          'span',
          {},
          make('strong', {}, segmentation.title),
          make('small', {}, `${segmentation.origin}, ${moment(segmentation.created_at)}`),
          make('small', {}, segmentationText(segmentation)),
        ),
      ),
      make(
        'div',
        { class: 'mask-actions' },
        make(
          'button',
          {
            type: 'button',
            class: 'quiet',
            'data-key': `correct-${segmentation.id}`,
            click: () => this.actions.draw(segmentation),
          },
          this.actions.begun.has(segmentation.id) ? 'Go on correcting' : 'Correct',
          make('span', { class: 'visually-hidden' }, ` ${segmentation.title}`),
        ),
        make(
          'a',
          {
            href: segmentation.download,
            download: true,
            'data-key': `download-${segmentation.id}`,
          },
          'Download',
          make('span', { class: 'visually-hidden' }, ` ${segmentation.title}`),
        ),
      ),
    )
  }

  private lesionList(segmentation: Segmentation | undefined, isOpen: boolean): HTMLElement {
    const lesions = segmentation?.lesion_list ?? []
    return make(
      'details',
      { class: 'lesion-list', hidden: lesions.length === 0, open: isOpen },
      make('summary', {}, 'Lesions'),
      make(
        'ol',
        {},
        ...lesions.map((lesion) =>
          make(
            'li',
            {},
            make(
              'button',
              { type: 'button', click: () => this.actions.goTo(lesion.voxel_mm) },
              `Lesion ${lesion.id}`,
            ),
            make(
              'span',
              {},
              `${lesion.volume_mm3.toFixed(1)} mm³, ${plural(lesion.voxels, 'voxel')}`,
            ),
          ),
        ),
      ),
    )
  }
}

// The segmentations of a case: one at a time lies over the scan.

import type { Segmentation } from '../api/types'
import { make, plural } from '../elements'
import { timeFormat } from '../time'

export interface SegmentationActions {
  readonly show: (segmentation: Segmentation | null) => void
  readonly goTo: (mm: readonly [number, number, number]) => void
}

const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'short' })

/** This will say in one line what a segmentation holds. */
export function segmentationText(segmentation: Segmentation): string {
  if (segmentation.empty) return 'empty: no lesions'
  return `${plural(segmentation.lesions, 'lesion')}, ${segmentation.volume_ml.toFixed(2)} ml`
}

export class SegmentationList {
  readonly element = make('section', { class: 'segmentations', 'aria-label': 'Segmentations' })
  private shown: string | null = null

  constructor(private readonly actions: SegmentationActions) {}

  /** This will list the segmentations and put `chosen` over the scan. */
  show(segmentations: readonly Segmentation[], chosen: string | null): void {
    this.shown = chosen
    const rows = segmentations.map((segmentation) => this.row(segmentation))
    this.element.replaceChildren(
      make('h2', {}, 'Segmentations'),
      segmentations.length === 0
        ? make(
            'p',
            { class: 'hint' },
            'There is no segmentation of this case yet. Start one below.',
          )
        : make('ul', { class: 'segmentation-list' }, this.none(), ...rows),
      this.lesions(segmentations.find(({ id }) => id === chosen)),
    )
  }

  private radio(id: string, pick: () => void): HTMLInputElement {
    const input = make('input', { type: 'radio', name: 'segmentation', value: id, change: pick })
    input.checked = (this.shown ?? '') === id
    return input
  }

  private none(): HTMLElement {
    const pick = this.radio('', () => this.actions.show(null))
    return make('li', {}, make('label', {}, pick, make('span', {}, 'Scan alone')))
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
          make(
            'small',
            {},
            `${segmentation.origin}, ${moment.format(new Date(segmentation.created_at))}`,
          ),
          make('small', {}, segmentationText(segmentation)),
        ),
      ),
      make(
        'a',
        { href: segmentation.download, download: true, title: `Download ${segmentation.title}` },
        'Download',
      ),
    )
  }

  private lesions(segmentation: Segmentation | undefined): HTMLElement {
    const lesions = segmentation?.lesion_list ?? []
    return make(
      'details',
      { class: 'lesion-list', hidden: lesions.length === 0 },
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

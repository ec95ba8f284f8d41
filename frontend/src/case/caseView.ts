// The working part of a case's page: its scans, its segmentations over them, its jobs.

import { fetchBytes, request } from '../api/client'
import type { BrainMask, Case, Scan, Segmentation } from '../api/types'
import { make, setText } from '../elements'
import { showTrouble } from '../trouble'
import { exposeHook } from '../viewer/hook'
import { listenToKeys } from '../viewer/keys'
import { Legend } from '../viewer/legend'
import { type LoadedScan, loadLabels, loadScan } from '../viewer/load'
import { viewerShortcuts } from '../viewer/shortcuts'
import { SliceStrip } from '../viewer/strip'
import { buildTools, type Tools } from '../viewer/tools'
import { Viewer } from '../viewer/viewer'
import { isSameGrid } from '../voxels/grid'
import { type LabelVolume, slicesWithLesions } from '../voxels/labels'
import { Coverage } from '../voxels/slices'
import { BrainPart } from './brain'
import { deletionPart } from './deletion'
import { type DescriptionField, DescriptionPart } from './description'
import { JobPanel, type MethodChoice } from './jobs'
import { SegmentationList } from './segmentations'

export interface CasePageData {
  readonly code: string
  /** The page of the cases of its cohort. */
  readonly cases: string
  /** The page of a drawing, with ID in place of its id. */
  readonly drawing_page: string
  /** The masks of which I have an unsaved correction, and empty for a drawing from nothing. */
  readonly begun: readonly string[]
  readonly may_manage: boolean
  readonly fields: readonly DescriptionField[]
  readonly methods: readonly MethodChoice[]
}

/** This will show a case inside `root`. */
export async function showCase(root: HTMLElement, data: CasePageData): Promise<void> {
  const trouble = make('p', { class: 'trouble', role: 'alert' })
  root.replaceChildren(make('p', { class: 'hint' }, 'Loading the case…'))
  try {
    const shown = await request('GET', '/api/v1/cases/{code}/', { code: data.code })
    root.replaceChildren(trouble)
    await new CaseView(root, data, shown, trouble).begin()
  } catch (error) {
    const again = make(
      'button',
      { type: 'button', click: () => void showCase(root, data) },
      'Try again',
    )
    showTrouble(trouble, error)
    root.replaceChildren(trouble, again)
  }
}

class CaseView {
  private viewer!: Viewer
  private tools!: Tools
  private scan: Scan | null = null
  private segmentation: Segmentation | null = null
  private brain: BrainMask | null = null
  private labels: LabelVolume | null = null
  private loaded: LoadedScan | null = null
  private isShown = false
  private work: Promise<void> = Promise.resolve()
  private readonly stage = make('div', {
    class: 'stage',
    role: 'application',
    'aria-label': 'Scan with the mask. The keys are listed under Keys.',
    tabindex: 0,
  })
  private readonly strip = new SliceStrip((slice) => this.viewer.goToSlice(slice))
  private readonly note = make('p', { class: 'hint', role: 'status' })
  private readonly sequence: HTMLSelectElement
  private readonly segmentations: SegmentationList
  private readonly jobs: JobPanel
  private readonly brainPart: BrainPart

  constructor(
    private readonly root: HTMLElement,
    private readonly data: CasePageData,
    private shown: Case,
    private readonly trouble: HTMLElement,
  ) {
    const names = shown.scans.map((scan) => scan.sequence)
    this.sequence = make(
      'select',
      { 'aria-label': 'Sequence', change: () => this.pickScan(this.sequence.value) },
      ...names.map((name) => make('option', { value: name }, name)),
    )
    this.segmentations = new SegmentationList({
      show: (segmentation) => this.pickSegmentation(segmentation),
      showBrain: (brain) => this.pickBrain(brain),
      goTo: (mm) => this.viewer.goTo(mm),
      draw: (segmentation) => void this.draw(segmentation),
      begun: new Set(data.begun),
    })
    this.jobs = new JobPanel({
      code: data.code,
      methods: data.methods,
      sequences: names,
      onFinished: (segmentation) => void this.refresh(segmentation),
    })
    this.brainPart = new BrainPart(data.code, () => this.brainChanged())
  }

  async begin(): Promise<void> {
    const picture = make('div', { class: 'image' }, this.stage, this.strip.element)
    const viewing = make('div', { class: 'viewing' }, picture)
    const side = make(
      'div',
      { class: 'case-side' },
      make('label', { class: 'sequence' }, 'Sequence ', this.sequence),
      this.note,
      this.segmentations.element,
      this.jobs.element,
      this.brainPart.element,
    )
    const { code, cases, fields } = this.data
    side.append(new DescriptionPart(this.shown, fields, this.data.may_manage).element)
    if (this.data.may_manage) side.append(deletionPart(code, cases))
    this.root.append(make('div', { class: 'case-view' }, viewing, side))
    this.viewer = await Viewer.create(this.stage, {
      onClick: (place) => this.viewer.goTo(place.mm),
      onChange: () => this.noteView(),
    })
    this.tools = buildTools(this.viewer)
    viewing.append(this.tools.element)
    this.takeKeys(viewing)
    exposeHook(
      this.viewer,
      () => this.isShown,
      () => ({ segmentation: this.segmentation?.id ?? null }),
    )
    this.jobs.show(this.shown.jobs)
    const asked = new URLSearchParams(location.search).get('mask')
    const { segmentations } = this.shown
    this.segmentation = segmentations.find(({ id }) => id === asked) ?? segmentations[0] ?? null
    this.listSegmentations()
    const first =
      this.shown.scans.find(({ sequence }) => sequence === 'FLAIR') ?? this.shown.scans[0]
    if (first) this.pickScan(first.sequence)
  }

  /** The viewer has its keys while the focus is in it; elsewhere they are the page's. */
  private takeKeys(viewing: HTMLElement): void {
    const toggle = { shown: '?', does: 'this legend', keys: ['?'], run: () => legend.toggle() }
    const shortcuts = [...viewerShortcuts(this.viewer), toggle]
    const legend = new Legend([['Click', 'go there in all planes']], shortcuts)
    this.tools.element.append(legend.button)
    viewing.append(legend.element)
    listenToKeys(
      () => shortcuts,
      () => this.isShown && viewing.contains(document.activeElement),
    )
  }

  private pickScan(sequence: string): void {
    this.sequence.value = sequence
    this.scan = this.shown.scans.find((scan) => scan.sequence === sequence) ?? null
    this.next(async () => {
      if (!this.scan) return
      this.stage.dataset.busy = 'Loading the scan…'
      const over = this.brain ?? this.segmentation
      const [scan, labels] = await Promise.all([
        fetchBytes(this.scan.volume).then(loadScan),
        over ? fetchBytes(over.labels).then(loadLabels) : null,
      ])
      this.loaded = scan
      this.labels = this.fitting(labels)
      await this.viewer.show(scan, this.labels)
      this.drawStrip()
    })
  }

  /** A mask, if it can be drawn over the scan that is shown; otherwise null, and that is said. */
  private fitting(labels: LabelVolume | null): LabelVolume | null {
    const fits = !labels || !this.loaded || isSameGrid(labels.grid, this.loaded.grid)
    const { sequence } = this.scan ?? { sequence: 'this scan' }
    setText(
      this.note,
      fits
        ? ''
        : `Masks lie on the grid of the FLAIR and ${sequence} is on another one, so it is shown alone.`,
    )
    return fits ? labels : null
  }

  private pickSegmentation(segmentation: Segmentation | null): void {
    this.segmentation = segmentation
    this.brain = null
    this.listSegmentations()
    this.next(async () => {
      this.setLabels(segmentation ? await loadLabels(await fetchBytes(segmentation.labels)) : null)
      this.drawStrip()
    })
  }

  private pickBrain(brain: BrainMask): void {
    this.segmentation = null
    this.brain = brain
    this.listSegmentations()
    this.next(async () => {
      this.setLabels(await loadLabels(await fetchBytes(brain.labels)))
      this.drawStrip()
    })
  }

  /** To the editor: with a mask to correct, or (null) from empty. */
  private async draw(segmentation: Segmentation | null): Promise<void> {
    try {
      const { code, drawing_page } = this.data
      const body = { corrects: segmentation?.id ?? null }
      const drawing = await request('POST', '/api/v1/cases/{code}/drawings/', { code }, body)
      location.assign(drawing_page.replace('ID', drawing.id))
    } catch (error) {
      showTrouble(this.trouble, error)
    }
  }

  private setLabels(labels: LabelVolume | null): void {
    this.labels = this.fitting(labels)
    this.viewer.setLabels(this.labels)
  }

  private listSegmentations(): void {
    const { segmentations, brain_mask } = this.shown
    const chosen = this.segmentation?.id ?? null
    this.segmentations.show(segmentations, chosen, brain_mask, this.brain !== null)
    this.brainPart.show(brain_mask)
  }

  /** The brain that counts now lies over the scan; without one, what was there before. */
  private async brainChanged(): Promise<void> {
    await this.refresh(null)
    const { brain_mask } = this.shown
    if (brain_mask) this.pickBrain(brain_mask)
    else this.pickSegmentation(this.shown.segmentations[0] ?? null)
  }

  /** One thing after the other: a slow scan never lands on top of a later choice. */
  private next(act: () => Promise<void>): void {
    this.isShown = false
    delete this.root.dataset.ready
    setText(this.trouble, '')
    this.work = this.work.then(act).then(
      () => {
        this.isShown = true
        this.root.dataset.ready = 'true'
        this.noteView()
      },
      (error) => showTrouble(this.trouble, error),
    )
    void this.work.finally(() => delete this.stage.dataset.busy)
  }

  private async refresh(segmentation: string | null): Promise<void> {
    try {
      this.shown = await request('GET', '/api/v1/cases/{code}/', { code: this.data.code })
    } catch (error) {
      showTrouble(this.trouble, error)
      return
    }
    const made = this.shown.segmentations.find(({ id }) => id === segmentation)
    if (made) this.pickSegmentation(made)
    else this.listSegmentations()
  }

  private drawStrip(): void {
    const { slices } = this.viewer.state
    this.strip.start(slices, this.labels ? slicesWithLesions(this.labels) : new Set())
  }

  private noteView(): void {
    if (!this.isShown) return
    const { slice, slices } = this.viewer.state
    this.tools.update()
    this.strip.update(slice, new Coverage(slices))
  }
}

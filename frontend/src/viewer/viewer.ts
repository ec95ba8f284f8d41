// The one door to NiiVue: a scan, a mask over it, dots above it.

import type { NVImage } from '@niivue/niivue'
import { type Grid, indexOfMm, mmOfVoxel, type Triple, voxelOfMm } from '../voxels/grid'
import { type LabelVolume, lesionAt } from '../voxels/labels'
import { draggedWindow, usualWindows, type Window } from '../voxels/window'
import { placeBrush } from './brush'
import * as camera from './camera'
import { createStage, removeStage, type Stage } from './create'
import { type Dot, placeDots } from './dots'
import { placeFrames } from './frame'
import { listen } from './input'
import type { LoadedScan } from './load'
import {
  applyLook,
  countDrawn,
  drawMask,
  FIRST_LOOK,
  type MaskLook,
  paintVoxels,
  repaintMask,
  setMaskColours,
} from './mask'
import {
  type CanvasPoint,
  crosshairMm,
  crosshairVoxel,
  type Place,
  type Plane,
  placeAt,
  pointOf,
  shownPlanes,
} from './projection'

export interface ViewerEvents {
  /** A click that was not a drag; `lesion` is 0 where nothing is drawn. */
  onClick(place: Place, lesion: number): void
  /** Anything that the controls show has changed: slice, zoom, window, mask. */
  onChange(): void
  /** Drawing; who draws nothing leaves it out. */
  readonly drawing?: DrawingEvents
}

/** A place under the pointer: millimetres, and the voxel index with fractions. */
export interface DrawnPlace {
  readonly mm: Triple
  readonly index: Triple
  readonly plane: Plane
}

export interface DrawingEvents {
  /** True takes the drag that begins here as a stroke. */
  press(place: DrawnPlace, isShifted: boolean): boolean
  stroke(places: readonly DrawnPlace[]): void
  lift(): void
}

export interface ViewState {
  readonly slice: number
  readonly slices: number
  readonly zoom: number
  readonly window: Window
  readonly look: MaskLook
  readonly view: camera.View
}

const NOTHING = { low: 0, high: 1 }

export class Viewer {
  private image: NVImage | null = null
  private grid: Grid | null = null
  private labels: LabelVolume | null = null
  private marked: ReadonlySet<number> = new Set()
  private dots: readonly Dot[] = []
  private look: MaskLook = FIRST_LOOK
  private view: camera.View = 'axial'
  private firstWindow: Window = NOTHING
  private fullWindow: Window = NOTHING
  private window: Window = NOTHING
  private draggedFrom: Window = NOTHING
  private windowIsDue = false
  private changeIsDue = false
  private follower: Viewer | null = null
  private followIsDue = false
  private brushMm: number | null = null
  private pointer: CanvasPoint | null = null
  private readonly surface = document.createElement('div')
  private stage!: Stage

  private constructor(
    private readonly host: HTMLElement,
    private readonly events: ViewerEvents,
  ) {}

  /** This will build a viewer inside `host`, which must have a size. It starts blank. */
  static async create(host: HTMLElement, events: ViewerEvents): Promise<Viewer> {
    const viewer = new Viewer(host, events)
    listen(viewer.surface, viewer.gestures())
    await viewer.begin()
    return viewer
  }

  /**
   * This will build a viewer beside this one, for scans on the same grid: it shows the same place
   * at the same size, a click goes there, and only its grey levels are its own.
   */
  async createBeside(host: HTMLElement): Promise<Viewer> {
    const beside = new Viewer(host, { onClick: () => {}, onChange: () => {} })
    const { scrub, ...same } = this.gestures()
    const { window } = beside.gestures()
    listen(beside.surface, { ...same, scrub, click: scrub, window })
    await beside.begin()
    this.follower = beside
    return beside
  }

  private async begin(): Promise<void> {
    this.host.classList.add('viewer', 'viewer-blank')
    this.surface.className = 'viewer-surface'
    this.host.append(this.surface)
    this.stage = await this.newStage()
  }

  /** This will take everything of a case off the screen and out of the viewer. */
  clear(): void {
    this.host.classList.add('viewer-blank')
    this.dots = []
    this.surface.replaceChildren()
    this.labels = null
    this.image = null
    this.grid = null
    this.marked = new Set()
    // The drawing survives a change of the volume, so it goes first.
    this.nv.closeDrawing()
    for (const volume of [...this.nv.volumes]) this.nv.removeVolume(volume)
  }

  /**
   * This will show a scan, with a mask or without, from the same start for every case: middle
   * slice, no zoom, window from `window` or from percentiles, mask filled. Raises UnusableVolume.
   */
  async show(
    scan: LoadedScan,
    labels: LabelVolume | null,
    window: Window | null = null,
  ): Promise<void> {
    this.clear()
    this.image = scan.image
    this.grid = scan.grid
    this.surface.removeAttribute('data-no-crosshair')
    this.firstWindow = window ?? scan.window
    this.fullWindow = scan.full
    this.window = this.firstWindow
    this.look = FIRST_LOOK
    this.view = 'axial'
    this.labels = labels
    this.draw()
    this.nv.scene.pan2Dxyzmm = [0, 0, 0, 1]
    camera.goToVoxel(this.nv, camera.middleVoxel(this.nv))
    await nextFrame()
    this.host.classList.remove('viewer-blank')
  }

  /** This will exchange the mask over the scan that is shown; null takes it away. */
  setLabels(labels: LabelVolume | null): void {
    this.labels = labels
    this.marked = new Set()
    if (labels) drawMask(this.nv, labels, this.marked)
    else this.nv.closeDrawing()
  }

  /** This will give voxels of the mask new values (`mask.ts` says which) and show them. */
  paint(voxels: readonly number[], look: (voxel: number) => number): void {
    paintVoxels(this.nv, voxels, look)
  }

  /** This will show how far a brush reaches, around the pointer; null shows none. */
  setBrush(radiusMm: number | null): void {
    this.brushMm = radiusMm
    this.placeBrush()
  }

  /** This will colour these lesions as false positives and the others as drawn. */
  setMarked(lesions: ReadonlySet<number>): void {
    this.marked = lesions
    if (this.labels) repaintMask(this.nv, this.labels, lesions)
  }

  setDots(dots: readonly Dot[]): void {
    this.dots = dots
    this.surface.replaceChildren()
    this.placeOverlay()
  }

  setLook(change: Partial<MaskLook>): void {
    const look = { ...this.look, ...change }
    if (
      look.isHidden === this.look.isHidden &&
      look.style === this.look.style &&
      look.opacity === this.look.opacity
    )
      return
    this.look = look
    applyLook(this.nv, look)
    this.placeOverlay()
  }

  setView(view: camera.View): void {
    this.view = view
    camera.setView(this.nv, view)
    this.nv.drawScene()
  }

  /** This will change the grey levels, once per frame: NiiVue rebuilds the volume each time. */
  setWindow(window: Window): void {
    this.window = window.high > window.low ? window : { low: window.low, high: window.low + 1 }
    this.noteChange()
    if (this.windowIsDue) return
    this.windowIsDue = true
    requestAnimationFrame(() => {
      this.windowIsDue = false
      camera.setWindow(this.nv, this.window)
    })
  }

  resetWindow(): void {
    this.setWindow(this.firstWindow)
  }

  /** This will go on to the next of the usual windows: from the start, more contrast, all. */
  nextWindow(): void {
    const usual = usualWindows(this.firstWindow, this.fullWindow)
    const at = usual.findIndex(
      ({ low, high }) => low === this.window.low && high === this.window.high,
    )
    this.setWindow(usual[(at + 1) % usual.length] ?? this.firstWindow)
  }

  toggleCrosshair(): void {
    const isOff = this.surface.toggleAttribute('data-no-crosshair')
    this.follower?.surface.toggleAttribute('data-no-crosshair', isOff)
  }

  resetZoom(): void {
    camera.resetZoom(this.nv)
  }

  zoomBy(factor: number): void {
    const { width, height } = this.surface.getBoundingClientRect()
    camera.zoomAt(this.nv, factor, width / 2, height / 2)
  }

  stepSlices(steps: number): void {
    camera.step(this.nv, 2, steps)
  }

  goToSlice(slice: number): void {
    const [x, y] = crosshairVoxel(this.nv)
    camera.goToVoxel(this.nv, [x, y, slice])
  }

  /** This will move the crosshair inside the slice. */
  nudge(axis: 0 | 1, steps: number): void {
    camera.step(this.nv, axis, steps)
  }

  goTo(mm: Triple): void {
    camera.goToMm(this.nv, mm)
  }

  /** This will say what lies under the crosshair. */
  atCrosshair(): { place: Place; lesion: number } {
    const voxel = crosshairVoxel(this.nv)
    const place: Place = { mm: crosshairMm(this.nv), voxel, plane: 0 }
    return { place, lesion: this.labels ? lesionAt(voxel, this.labels) : 0 }
  }

  atPlace(): { mm: Triple; zoom: number } {
    return { mm: crosshairMm(this.nv), zoom: camera.zoomOf(this.nv) }
  }

  canvasPointOf(mm: Triple): CanvasPoint | null {
    for (const plane of shownPlanes(this.nv)) {
      const point = pointOf(this.nv, mm, plane)
      const box = this.surface.getBoundingClientRect()
      if (point) return { x: box.left + point.x, y: box.top + point.y }
    }
    return null
  }

  voxelAt(mm: Triple): Triple | null {
    return this.grid && voxelOfMm(mm, this.grid)
  }

  mmAt(voxel: Triple): Triple | null {
    return this.grid && mmOfVoxel(voxel, this.grid)
  }

  drawCounts(): { lesion: number; fp: number } {
    return countDrawn(this.nv, this.labels)
  }

  get range(): Window {
    return this.fullWindow
  }

  get state(): ViewState {
    const slices = this.grid?.shape[2] ?? 0
    const slice = slices ? crosshairVoxel(this.nv)[2] : 0
    const zoom = camera.zoomOf(this.nv)
    return { slice, slices, zoom, window: this.window, look: this.look, view: this.view }
  }

  private get nv() {
    return this.stage.nv
  }

  private newStage(): Promise<Stage> {
    return createStage(
      this.host,
      () => {
        this.placeOverlay()
        this.noteChange()
        this.lead()
      },
      () => void this.rebuild(),
    )
  }

  /** This will draw everything that the viewer holds into a fresh NiiVue. */
  private draw(): void {
    if (!this.image) return
    this.image.cal_min = this.window.low
    this.image.cal_max = this.window.high
    setMaskColours(this.nv)
    this.nv.addVolume(this.image)
    camera.setView(this.nv, this.view)
    if (this.labels) drawMask(this.nv, this.labels, this.marked)
    applyLook(this.nv, this.look)
  }

  /** The graphics context is gone (sleep, driver): a new canvas shows the same again. */
  private async rebuild(): Promise<void> {
    const old = this.stage
    const { crosshairPos, pan2Dxyzmm } = old.nv.scene
    old.nv.cleanup()
    old.canvas.remove()
    this.stage = await this.newStage()
    this.draw()
    this.nv.scene.crosshairPos = crosshairPos
    this.nv.setPan2Dxyzmm(pan2Dxyzmm)
  }

  /** This will take the viewer off the page. */
  remove(): void {
    removeStage(this.stage)
    this.surface.remove()
  }

  private placeOverlay(): void {
    if (!this.stage || !this.image) return
    placeFrames(this.surface, this.nv)
    placeDots(this.surface, this.nv, this.look.isHidden ? [] : this.dots)
  }

  /** The viewer beside this one comes along, once per frame. */
  private lead(): void {
    if (!this.follower?.image || this.followIsDue) return
    this.followIsDue = true
    requestAnimationFrame(() => {
      this.followIsDue = false
      this.follower?.comeTo(this)
    })
  }

  private comeTo(leader: Viewer): void {
    if (!this.image || !leader.image) return
    if (this.view !== leader.view) {
      this.view = leader.view
      camera.setView(this.nv, leader.view)
    }
    camera.goWith(this.nv, leader.nv)
  }

  private placeBrush(): void {
    const at = this.pointer && this.image ? this.pointer : null
    placeBrush(this.surface, this.nv, at, this.brushMm)
  }

  private drawnPlace(x: number, y: number): DrawnPlace | null {
    const place = this.image && placeAt(this.nv, x, y)
    if (!place || !this.grid) return null
    return { mm: place.mm, index: indexOfMm(place.mm, this.grid), plane: place.plane }
  }

  private noteChange(): void {
    if (this.changeIsDue) return
    this.changeIsDue = true
    requestAnimationFrame(() => {
      this.changeIsDue = false
      if (this.image) this.events.onChange()
    })
  }

  private gestures() {
    return {
      click: (x: number, y: number) => {
        const place = this.image && placeAt(this.nv, x, y)
        if (!place) return
        this.events.onClick(place, this.labels ? lesionAt(place.voxel, this.labels) : 0)
      },
      scrub: (x: number, y: number) => {
        const place = this.image && placeAt(this.nv, x, y)
        if (place) camera.goToVoxel(this.nv, place.voxel)
      },
      steps: (steps: number, x: number, y: number) => {
        if (!this.image) return
        const plane = placeAt(this.nv, x, y)?.plane ?? 0
        camera.step(this.nv, plane === 0 ? 2 : plane === 1 ? 1 : 0, steps)
      },
      zoom: (factor: number, x: number, y: number) => {
        if (this.image) camera.zoomAt(this.nv, factor, x, y)
      },
      pan: (from: CanvasPoint, to: CanvasPoint) => {
        if (this.image) camera.pan(this.nv, from, to)
      },
      press: (x: number, y: number, isShifted: boolean) => {
        const place = this.events.drawing && this.drawnPlace(x, y)
        return place ? (this.events.drawing?.press(place, isShifted) ?? false) : false
      },
      stroke: (points: readonly CanvasPoint[]) => {
        const places = points.flatMap(({ x, y }) => this.drawnPlace(x, y) ?? [])
        if (places.length > 0) this.events.drawing?.stroke(places)
      },
      lift: () => this.events.drawing?.lift(),
      hover: (at: CanvasPoint | null) => {
        this.pointer = at
        if (this.brushMm !== null) this.placeBrush()
      },
      window: (right: number, up: number, isStart: boolean) => {
        if (!this.image) return
        if (isStart) this.draggedFrom = this.window
        else this.setWindow(draggedWindow(this.draggedFrom, this.fullWindow, right, up))
      },
    }
  }
}

function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => resolve())
  })
}

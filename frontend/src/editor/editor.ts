// The lesion editor: one drawing on the screen, from its first stroke to its end. What it is drawn
// for is its task.

import { fetchBytes } from '../api/client'
import { explanation } from '../api/errors'
import { watchOwner } from '../api/owner'
import { make, setText } from '../elements'
import { ActivityClock } from '../saving/activity'
import { type Badge, buildBadge } from '../saving/badge'
import { deliver } from '../saving/deliver'
import { Outbox, type SavingState, type Send } from '../saving/outbox'
import type { OutboxStore } from '../saving/outboxStore'
import { exposeHook } from '../viewer/hook'
import { listenToKeys, type Shortcut } from '../viewer/keys'
import { Legend } from '../viewer/legend'
import { type LoadedScan, loadScan } from '../viewer/load'
import { SliceStrip } from '../viewer/strip'
import { buildTools, type Tools } from '../viewer/tools'
import { Viewer } from '../viewer/viewer'
import { mmOfVoxel, type Triple } from '../voxels/grid'
import { type LabelVolume, slicesWithLesions } from '../voxels/labels'
import { Coverage } from '../voxels/slices'
import { Beside } from './beside'
import { DrawingLayer } from './drawingLayer'
import { bodyOf, Drawn, editsOf } from './drawn'
import { EndButton } from './endButton'
import { gridText } from './gridText'
import type { Edit } from './history'
import { editorShortcuts } from './keys'
import { LesionList } from './lesionList'
import { FIRST_SETTINGS, Palette, TOOLS } from './palette'
import { Shaping } from './shaping'
import { Strokes } from './strokes'
import type { Desk, EditorTask, Other, Page } from './task'
import { fitsGrid, ThresholdSlider } from './threshold'

export class Editor implements Desk {
  private viewer!: Viewer
  private tools!: Tools
  drawn!: Drawn
  outbox!: Outbox
  private layer!: DrawingLayer
  private strokes!: Strokes
  private shaping!: Shaping
  private isReady = false
  private isLeaving = false
  /** Another mask is laid over the scan: nothing is drawn meanwhile. */
  private isLooking = false
  /** Where in the list the chosen lesion stands, or stood before it was deleted. */
  private place = 0
  private readonly clock: ActivityClock
  private readonly badge: Badge
  private readonly strip = new SliceStrip((slice) => this.viewer.goToSlice(slice))
  private readonly palette: Palette
  private readonly list: LesionList
  private readonly beside: Beside
  private readonly threshold = new ThresholdSlider(
    (threshold) => this.shaping.previewThreshold(threshold),
    (threshold) => this.shaping.takeThreshold(threshold),
  )
  private readonly said = make('p', { class: 'said', role: 'status' })
  private readonly stage = make('div', {
    class: 'stage',
    role: 'application',
    'aria-label': 'FLAIR scan with what is drawn. The keys are listed in the legend.',
    tabindex: 0,
  })
  private readonly undoButton = this.button('Undo', 'Ctrl + Z', () => this.undo())
  private readonly redoButton = this.button('Redo', 'Ctrl + Y', () => this.redo())
  private readonly endButton: EndButton
  private readonly history = make('div', { class: 'history' })

  constructor(
    private readonly root: HTMLElement,
    private readonly page: Page,
    private readonly task: EditorTask,
    private readonly scan: LoadedScan,
    readonly store: OutboxStore,
  ) {
    this.clock = new ActivityClock(() => performance.now(), task.activeMs)
    this.endButton = new EndButton(
      task.ending,
      task.minMm3,
      () => this.drawn,
      () => this.clock.activeMs,
      (text) => this.say(text),
    )
    this.badge = buildBadge({
      retry: () => this.outbox.retry(),
      discard: () => void this.outbox.discardRefused().then(() => location.reload()),
      loginUrl: page.login,
    })
    this.palette = new Palette({ ...FIRST_SETTINGS }, () => this.showTool())
    this.list = new LesionList(
      {
        choose: (id) => this.goTo(id),
        accept: (id) => this.drawn.accept(id),
        remove: (id) => this.remove(id),
      },
      task.minMm3,
    )
    this.beside = new Beside(
      task.scans,
      (mm) => this.viewer.goTo(mm),
      (error) => this.say(explanation(error)),
    )
  }

  async begin(start: Uint16Array | null, kept: readonly Send[]): Promise<void> {
    const { owner, key } = this.page
    const { savedAt } = this.task
    this.outbox = new Outbox({
      store: this.store,
      owner,
      presentation: key,
      deliver: (send) => deliver(key, send),
      onChange: (state) => this.noteSaving(state),
      savedAt: savedAt ? new Date(savedAt) : null,
    })
    await this.outbox.resume()
    this.drawn = new Drawn({
      grid: this.scan.grid,
      start,
      edits: editsOf(this.task.edits, kept),
      minMm3: this.task.minMm3,
      onEdit: (edit, voxels) => this.noteEdit(edit, voxels),
    })
    await this.build()
    await this.viewer.show(this.scan, { grid: this.scan.grid, labels: this.drawn.map.labels })
    this.palette.setBrightest(this.scan.full.high)
    this.layer.repaintAll()
    this.task.begin(this, this.scan.grid)
    this.showTool()
    this.showLesions()
    this.drawStrip()
    await this.strokes.finishKept()
    void this.loadProbability()
    this.watch()
    this.tools.update()
    await twoFrames() // until nothing moves any more: a click lands where it is aimed at
    this.isReady = true
    this.noteView()
    this.stage.focus({ preventScroll: true })
  }

  private async build(): Promise<void> {
    const leave = make('a', { href: this.task.home, class: 'quiet' }, 'Leave')
    const stages = make('div', { class: 'stages' }, this.stage, this.beside.element)
    const image = make('div', { class: 'image' }, stages, this.strip.element)
    const left = make('div', { class: 'left' }, image)
    this.history.append(
      this.undoButton,
      this.redoButton,
      this.button('Fill holes', 'Of the chosen lesion, or of all (T)', () =>
        this.shaping.fillHoles(),
      ),
      this.button('Interpolate', 'To the next lesion above or below (I)', () =>
        this.shaping.interpolate(),
      ),
      this.button('Redraw', 'The chosen lesion, from empty (D)', () => this.redraw()),
    )
    const panel = make(
      'div',
      { class: 'panel' },
      ...this.task.above,
      this.palette.element,
      ...this.task.below,
      this.threshold.element,
      this.said,
      this.history,
      this.list.element,
      this.endButton.element,
      make('p', { class: 'hint' }, gridText(this.task.scans)),
    )
    const side = make('div', { class: 'side' }, this.task.notice, panel)
    const bar = make(
      'header',
      { class: 'room-bar' },
      make('h1', {}, this.task.heading),
      make('span', { class: 'progress-text' }, this.task.what),
      this.beside.choice,
      this.badge.element,
      leave,
    )
    this.root.replaceChildren(
      make('div', { class: 'room' }, bar, left, side),
      this.endButton.confirmation.element,
    )
    this.viewer = await Viewer.create(this.stage, {
      onClick: (place, lesion) => this.click(place.mm, lesion),
      onChange: () => this.noteView(),
      drawing: {
        press: (place, isShifted) => this.mayDraw && this.strokes.press(place, isShifted),
        stroke: (places) => this.strokes.follow(places),
        lift: () => this.strokes.lift(),
      },
    })
    const { scan, drawn, viewer } = this
    const { settings } = this.palette
    const say = (text: string): void => this.say(text)
    this.layer = new DrawingLayer(viewer, drawn, scan.grid)
    const kept = (): Promise<void> => this.outbox.kept()
    this.strokes = new Strokes(scan, drawn, this.layer, settings, this.store, this.page, say, kept)
    this.shaping = new Shaping(
      scan,
      drawn,
      this.layer,
      settings,
      (lesion) => this.choose(lesion),
      say,
    )
    this.tools = buildTools(this.viewer)
    left.append(this.tools.element)
    const own = this.task.shortcuts
    const isFree = (other: Shortcut): boolean =>
      !own.some(
        ({ keys, ctrl }) =>
          Boolean(ctrl) === Boolean(other.ctrl) && keys.some((key) => other.keys.includes(key)),
      )
    const editing = editorShortcuts(this.viewer, {
      pick: (tool) => this.palette.change({ tool }),
      resize: (steps) => this.palette.resize(steps),
      tour: (steps) => this.tour(steps),
      accept: () => this.withChosen((lesion) => this.drawn.accept(lesion)),
      fill: () => this.shaping.fillHoles(),
      interpolate: () => this.shaping.interpolate(),
      remove: () => this.withChosen((lesion) => this.remove(lesion)),
      redraw: () => this.redraw(),
      undo: () => this.undo(),
      redo: () => this.redo(),
      end: () => void this.endButton.ask(),
      ends: this.task.ending.key,
      toggleLegend: () => legend.toggle(),
    })
    const shortcuts = [...own, ...editing.filter(isFree)]
    const legend = new Legend([['Click', 'as the tool says']], shortcuts)
    leave.before(legend.button)
    left.append(legend.element)
    listenToKeys(
      () => shortcuts,
      () => this.mayDraw && !this.endButton.confirmation.isOpen && !this.strokes.isDrawing,
    )
    exposeHook(
      this.viewer,
      () => this.isReady,
      () => this.summary,
    )
  }

  private get mayDraw(): boolean {
    return this.isReady && !this.isLooking
  }

  private get summary(): object {
    const { lesions, edits, canUndo, canRedo, map } = this.drawn
    const saving = this.outbox.state.kind
    const { chosen } = this.layer
    return {
      lesions,
      edits,
      canUndo,
      canRedo,
      saving,
      digest: map.digest,
      chosen,
      ...this.task.summary,
    }
  }

  private click(mm: Triple, lesion: number): void {
    if (!this.mayDraw) return
    const { tool } = this.palette.settings
    this.say('')
    if (tool === 'grow') this.shaping.grow(mm)
    else if (tool === 'merge' && lesion) this.shaping.merge(lesion)
    else {
      this.choose(lesion)
      if (lesion === 0) this.viewer.goTo(mm)
    }
  }

  /** The map behind the mask that is corrected; without one there is no slider. */
  private async loadProbability(): Promise<void> {
    if (!this.task.probability) return
    try {
      const { values } = await loadScan(await fetchBytes(this.task.probability))
      if (!fitsGrid(values, this.scan.grid)) return
      this.shaping.probability = values
      this.palette.offerMap()
      this.showLesions()
    } catch (error) {
      this.say(`The probability map could not be loaded. ${explanation(error)}`)
    }
  }

  isDrawnAt(mm: Triple): boolean {
    const voxel = this.layer.voxelAt(mm)
    return voxel >= 0 && this.drawn.map.has(voxel)
  }

  private remove(lesion: number): void {
    const voxels = this.drawn.map.voxelsOf(lesion)
    if (voxels.length > 0) this.drawn.change('delete', [], voxels)
  }

  /** This will take the chosen lesion away, the brush in hand to draw it from empty. */
  private redraw(): void {
    this.withChosen((lesion) => {
      this.drawn.change('redraw', [], this.drawn.map.voxelsOf(lesion))
      this.palette.change({ tool: 'brush' })
      this.say('Draw the lesion anew. Undo brings back what was there.')
    })
  }

  private withChosen(act: (lesion: number) => void): void {
    const { chosen } = this.layer
    if (chosen > 0) act(chosen)
    else this.say('No lesion is chosen. Press one in the list, or Choose (S) and click it.')
  }

  private undo(): void {
    this.drawn.undo()
  }

  private redo(): void {
    this.drawn.redo()
  }

  // --- What is shown

  private noteEdit(edit: Edit, voxels: readonly number[]): void {
    this.say('')
    const body = bodyOf(edit, this.clock.activeMs)
    this.outbox.add({ kind: this.task.editKind, id: edit.id, body })
    if (!this.drawn.map.lesions.has(this.layer.chosen)) this.layer.chosen = 0
    this.layer.repaint(voxels)
    if (edit.kind !== 'change') {
      this.takeUp(voxels)
      const how = edit.kind === 'undo' ? 'taken back' : 'done again'
      this.say(`A change of the drawing was ${how}.`)
    }
    this.showLesions()
    this.drawStrip()
  }

  /** What was taken back or done again is shown, and chosen where a lesion is there now. */
  private takeUp(voxels: readonly number[]): void {
    const { labels } = this.drawn.map
    const lesion = voxels.map((voxel) => labels[voxel] ?? 0).find((one) => one > 0)
    if (lesion) this.choose(lesion)
    this.bringIntoView(voxels)
  }

  /** This will go to a slice of these voxels, unless one is shown. */
  private bringIntoView(voxels: readonly number[]): void {
    const [x, y] = this.scan.grid.shape
    const slices = [...new Set(voxels.map((voxel) => Math.floor(voxel / (x * y))))].sort(
      (one, other) => one - other,
    )
    const middle = slices[Math.floor(slices.length / 2)]
    if (middle !== undefined && !slices.includes(this.viewer.state.slice))
      this.viewer.goToSlice(middle)
  }

  private choose(lesion: number): void {
    this.say('')
    this.layer.choose(lesion)
    if (lesion) this.place = this.drawn.lesions.findIndex(({ id }) => id === lesion)
    this.showLesions()
    this.list.reveal(lesion)
  }

  goTo(lesion: number): void {
    this.choose(lesion)
    this.viewer.goTo(mmOfVoxel(this.drawn.centreOf(lesion), this.scan.grid))
  }

  private tour(steps: 1 | -1): void {
    const ids = this.drawn.lesions.map(({ id }) => id)
    if (ids.length === 0) return
    const at = ids.indexOf(this.layer.chosen)
    // Where the last one was deleted, the next one has its place now.
    const next = at < 0 && steps > 0 ? this.place : (at < 0 ? this.place : at) + steps
    this.goTo(ids[(next + ids.length) % ids.length] ?? 0)
  }

  private showLesions(): void {
    const { chosen } = this.layer
    this.list.show(this.drawn.lesions, chosen)
    this.undoButton.disabled = !this.drawn.canUndo
    this.redoButton.disabled = !this.drawn.canRedo
    this.refresh()
    this.threshold.show(this.shaping.probability !== null && chosen > 0)
  }

  /** This will show the dots of the task as they are now. */
  refresh(): void {
    this.viewer.setDots(this.task.dots())
  }

  goToPlace(mm: Triple): void {
    this.viewer.goTo(mm)
  }

  private showTool(): void {
    const { tool, radiusMm } = this.palette.settings
    const hasBrush = !this.isLooking && (tool === 'brush' || tool === 'erase')
    this.stage.dataset.tool = this.isLooking ? '' : tool
    this.viewer.setBrush(hasBrush ? radiusMm : null)
    this.say(TOOLS.find((one) => one.tool === tool)?.does ?? '')
  }

  say(text: string): void {
    setText(this.said, text ? `${text[0]?.toUpperCase()}${text.slice(1)}` : '')
  }

  private drawStrip(other: LabelVolume | null = null): void {
    const slices = other ? slicesWithLesions(other) : this.drawn.slices
    this.strip.start(this.scan.grid.shape[2], slices)
    this.noteView()
  }

  private noteView(): void {
    if (!this.isReady) return
    const { slice, slices } = this.viewer.state
    this.tools.update()
    this.strip.update(slice, new Coverage(slices))
    this.beside.follow(this.viewer.atCrosshair().place.mm)
  }

  /** This will lay another mask over the scan, or (null) what is drawn here. */
  showOther(other: Other | null): void {
    const labels = other?.labels ?? null
    this.layer.showOther(labels)
    this.drawStrip(labels)
    this.isLooking = other !== null
    for (const one of [this.palette, this.threshold, this.list, this.endButton])
      one.element.inert = this.isLooking
    this.history.inert = this.isLooking
    this.showTool()
    this.stage.dataset.other = other ? `${other.title}: not yours, nothing can be drawn` : ''
    if (other) this.say(`${other.title} is not yours. Press its button again to go on drawing.`)
  }

  // --- Saving and leaving

  private noteSaving(state: SavingState): void {
    this.badge.update(state)
    this.endButton.element.disabled = state.kind !== 'saved'
    this.task.noteSaving(state)
  }

  leaveTo(address: string): void {
    this.isLeaving = true
    location.assign(address)
  }

  reload(): void {
    this.isLeaving = true
    location.reload()
  }

  private watch(): void {
    for (const kind of ['pointermove', 'pointerdown', 'wheel', 'keydown'] as const) {
      window.addEventListener(kind, () => this.clock.sign(), { passive: true })
    }
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) {
        this.clock.hide()
        this.strokes.lift()
      } else this.outbox.retry()
    })
    for (const kind of ['online', 'focus'] as const) {
      window.addEventListener(kind, () => this.outbox.retry())
    }
    window.addEventListener('beforeunload', (event) => {
      if (!this.isLeaving && !this.outbox.isEmpty) event.preventDefault()
    })
    watchOwner(() => location.reload())
  }

  private button(text: string, title: string, click: () => void): HTMLButtonElement {
    return make('button', { type: 'button', title, click }, text)
  }
}

function twoFrames(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(() => resolve()))
  })
}

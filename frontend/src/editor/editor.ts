// The lesion editor: one drawing on the screen, from its first stroke to its end. What it is drawn for
// is its task.

import { fetchBytes } from '../api/client'
import { explanation } from '../api/errors'
import { watchOwner } from '../api/owner'
import { make, plural, setText } from '../elements'
import { Confirmation } from '../reading/confirm'
import { ActivityClock } from '../saving/activity'
import { type Badge, buildBadge } from '../saving/badge'
import { deliver } from '../saving/deliver'
import { Outbox, type SavingState, type Send } from '../saving/outbox'
import { type OutboxStore, openOutboxStore } from '../saving/outboxStore'
import { showTrouble } from '../trouble'
import { exposeHook } from '../viewer/hook'
import { listenToKeys, type Shortcut } from '../viewer/keys'
import { Legend } from '../viewer/legend'
import { type LoadedScan, loadLabels, loadScan, UnusableVolume } from '../viewer/load'
import { SliceStrip } from '../viewer/strip'
import { buildTools, type Tools } from '../viewer/tools'
import { type DrawnPlace, Viewer } from '../viewer/viewer'
import { isSameGrid, mmOfVoxel, type Triple } from '../voxels/grid'
import { between, bridge, holes } from '../voxels/grow'
import type { LabelVolume } from '../voxels/labels'
import { voxelsOf } from '../voxels/runs'
import { Coverage } from '../voxels/slices'
import { Beside } from './beside'
import { bodyOf, Drawn, editsOf } from './drawn'
import { gridText } from './gridText'
import { segmented } from './growing'
import type { Edit } from './history'
import { editorShortcuts } from './keys'
import { LesionList } from './lesionList'
import { FIRST_SETTINGS, Palette, TOOLS } from './palette'
import { Stroke, voxelUnder } from './stroke'
import type { Desk, EditorTask, Page } from './task'
import { fitsGrid, rethresholded, ThresholdSlider } from './threshold'

/** How often a stroke is kept in the browser while it is drawn. */
const KEEP_STROKE_MS = 200

const LEAK = 'At this threshold it runs into everything around it.'

/** Values of the drawing layer (`viewer/mask.ts`). */
const [LESION, CHOSEN, ACCEPTED] = [1, 3, 4] as const

/**
 * This will find what is to be drawn and open it inside `root`; `find` is given what an earlier page
 * could not send, and answers null when it leads elsewhere or has said why there is nothing to draw.
 */
export async function openEditor(
  root: HTMLElement,
  page: Page,
  find: (kept: readonly Send[]) => Promise<EditorTask | null>,
): Promise<void> {
  root.replaceChildren(
    make('p', { class: 'hint editor-loading', role: 'status' }, 'Loading the drawing…'),
  )
  try {
    const store = await openOutboxStore()
    // Asked before the server is: what another page sends meanwhile is in one of the two.
    const kept = (await store.pending(page.owner, page.key)).map(({ send }) => send)
    const task = await find(kept)
    if (!task) return
    const flair = task.scans.find(({ sequence }) => sequence === 'FLAIR')
    if (!flair) throw new UnusableVolume('This case has no FLAIR to draw on.')
    const [scan, start] = await Promise.all([
      fetchBytes(flair.volume).then(loadScan),
      task.start ? fetchBytes(task.start).then(loadLabels) : null,
    ])
    if (start && !isSameGrid(start.grid, scan.grid)) {
      throw new UnusableVolume('The mask does not lie on the grid of the FLAIR.')
    }
    await new Editor(root, page, task, scan, store).begin(start?.labels ?? null, kept)
  } catch (error) {
    const trouble = make('p', { class: 'trouble', role: 'alert' })
    const again = (): void => void openEditor(root, page, find)
    showTrouble(trouble, error)
    root.replaceChildren(
      make(
        'div',
        { class: 'editor-loading' },
        trouble,
        make(
          'div',
          { class: 'choices' },
          make('button', { type: 'button', click: again }, 'Try again'),
          make('a', { href: page.home, class: 'quiet' }, 'Leave'),
        ),
      ),
    )
  }
}

class Editor implements Desk {
  private viewer!: Viewer
  private tools!: Tools
  drawn!: Drawn
  outbox!: Outbox
  private stroke: Stroke | null = null
  private keepTimer: ReturnType<typeof setTimeout> | undefined
  private chosen = 0
  private probability: ArrayLike<number> | null = null
  /** Voxels that a threshold shows otherwise than they are drawn, until it is taken. */
  private preview: readonly number[] = []
  private isReady = false
  private isAsking = false
  private isLeaving = false
  private readonly clock: ActivityClock
  private readonly badge: Badge
  private readonly strip = new SliceStrip((slice) => this.viewer.goToSlice(slice))
  private readonly palette: Palette
  private readonly list: LesionList
  private readonly beside: Beside
  private readonly threshold = new ThresholdSlider(
    (threshold) => this.previewThreshold(threshold),
    (threshold) => this.takeThreshold(threshold),
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
  private readonly endButton: HTMLButtonElement
  private readonly confirmation: Confirmation

  constructor(
    private readonly root: HTMLElement,
    private readonly page: Page,
    private readonly task: EditorTask,
    private readonly scan: LoadedScan,
    readonly store: OutboxStore,
  ) {
    this.clock = new ActivityClock(() => performance.now(), task.activeMs)
    this.endButton = make(
      'button',
      {
        type: 'button',
        class: 'primary',
        'data-action': 'save',
        click: () => void this.askToEnd(),
      },
      task.ending.button,
    )
    this.confirmation = new Confirmation(explanation, task.ending.words)
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
    this.repaint(this.allVoxels())
    this.task.begin(this, this.scan.grid)
    this.showTool()
    this.showLesions()
    this.drawStrip()
    await this.finishKeptStroke()
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
    const history = make(
      'div',
      { class: 'history' },
      this.undoButton,
      this.redoButton,
      this.button('Fill holes', 'Of the chosen lesion, or of all (T)', () => this.fillHoles()),
      this.button('Interpolate', 'To the next lesion above or below (I)', () => this.interpolate()),
    )
    const panel = make(
      'div',
      { class: 'panel' },
      ...this.task.above,
      this.palette.element,
      ...this.task.below,
      this.threshold.element,
      this.said,
      history,
      this.list.element,
      this.endButton,
      make('p', { class: 'hint' }, gridText(this.task.scans)),
    )
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
      make('div', { class: 'room' }, bar, left, panel),
      this.confirmation.element,
    )
    this.viewer = await Viewer.create(this.stage, {
      onClick: (place, lesion) => this.click(place.mm, lesion),
      onChange: () => this.noteView(),
      drawing: {
        press: (place, isShifted) => this.press(place, isShifted),
        stroke: (places) => this.follow(places),
        lift: () => this.lift(),
      },
    })
    this.tools = buildTools(this.viewer)
    left.append(this.tools.element)
    const own = this.task.shortcuts
    const isFree = (other: Shortcut): boolean =>
      !own.some(({ keys }) => !other.ctrl && keys.some((key) => other.keys.includes(key)))
    const editing = editorShortcuts(this.viewer, {
      pick: (tool) => this.palette.change({ tool }),
      resize: (steps) => this.palette.resize(steps),
      tour: (steps) => this.tour(steps),
      accept: () => this.drawn.accept(this.chosen),
      fill: () => this.fillHoles(),
      interpolate: () => this.interpolate(),
      remove: () => this.remove(this.chosen),
      undo: () => this.undo(),
      redo: () => this.redo(),
      end: () => void this.askToEnd(),
      ends: this.task.ending.does,
      toggleLegend: () => legend.toggle(),
    })
    const shortcuts = [...own, ...editing.filter(isFree)]
    const legend = new Legend([['Click', 'as the tool says']], shortcuts)
    leave.before(legend.button)
    left.append(legend.element)
    listenToKeys(
      () => shortcuts,
      () => this.isReady && !this.confirmation.isOpen && !this.stroke,
    )
    exposeHook(
      this.viewer,
      () => this.isReady,
      () => this.summary,
    )
  }

  private get summary(): object {
    const { lesions, edits, canUndo, canRedo, map } = this.drawn
    const saving = this.outbox.state.kind
    const { chosen } = this
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

  // --- Strokes and clicks

  private get settings() {
    return this.palette.settings
  }

  private press(place: DrawnPlace, isShifted: boolean): boolean {
    const { tool } = this.settings
    if (!this.isReady || tool === 'choose' || tool === 'grow' || tool === 'merge') return false
    const takesAway = tool === 'erase' || tool === 'cut'
    const isErasing = tool === 'cut' || takesAway !== isShifted
    const world = { grid: this.scan.grid, map: this.drawn.map, values: this.scan.values }
    this.stroke = new Stroke(world, this.settings, place, isErasing)
    this.follow([place])
    return true
  }

  private follow(places: readonly DrawnPlace[]): void {
    const { stroke } = this
    if (!stroke) return
    const fresh = stroke.follow(places)
    this.viewer.paint(fresh, () => (stroke.isErasing ? 0 : LESION))
    if (fresh.length > 0) this.keepTimer ??= setTimeout(() => this.keepStroke(), KEEP_STROKE_MS)
  }

  private keepStroke(): void {
    this.keepTimer = undefined
    if (this.stroke) void this.store.keepStroke(this.page.owner, this.page.key, this.stroke.kept)
  }

  /** This will end a stroke that an earlier page did not come to the end of. */
  private async finishKeptStroke(): Promise<void> {
    const { owner, key } = this.page
    const kept = await this.store.stroke(owner, key)
    if (!kept) return
    this.drawn.change(kept.tool, voxelsOf(kept.added), voxelsOf(kept.removed))
    await this.store.keepStroke(owner, key, null)
  }

  private lift(): void {
    const { stroke } = this
    if (!stroke) return
    this.stroke = null
    const voxels = stroke.finish()
    const { tool } = this.settings
    const name = tool === 'brush' && stroke.isErasing ? 'erase' : tool
    const isDone = stroke.isErasing
      ? this.drawn.change(name, [], voxels)
      : this.drawn.change(name, voxels)
    void this.store.keepStroke(this.page.owner, this.page.key, null)
    if (tool === 'cut') this.say(isDone ? '' : 'Draw the line across a lesion.')
  }

  private click(mm: Triple, lesion: number): void {
    const { tool } = this.settings
    this.say('')
    if (tool === 'grow') this.grow(mm)
    else if (tool === 'merge' && lesion) this.merge(lesion)
    else {
      this.choose(lesion)
      if (lesion === 0) this.viewer.goTo(mm)
    }
  }

  private grow(mm: Triple): void {
    const { values, grid } = this.scan
    const { map } = this.drawn
    const voxel = this.viewer.voxelAt(mm)
    const seed = voxel ? voxelUnder({ index: voxel, mm, plane: 0 }, grid) : -1
    if (seed < 0) return
    const found = segmented(seed, values, this.probability, this.settings, grid)
    if (typeof found === 'string') {
      this.say(found)
      return
    }
    const before = map.voxelsOf(map.labels[seed] ?? 0) // grown anew where there is one
    const kept = new Set(found)
    this.drawn.change(
      before.length > 0 ? 'regrow' : 'grow',
      found,
      before.filter((other) => !kept.has(other)),
    )
    this.choose(map.labels[seed] ?? 0)
  }

  private merge(lesion: number): void {
    if (!this.chosen || this.chosen === lesion) {
      this.choose(lesion)
      this.say('Now click the lesion to join it with.')
      return
    }
    const [one, other] = [this.drawn.map.voxelsOf(this.chosen), this.drawn.map.voxelsOf(lesion)]
    this.drawn.change('merge', bridge(one, other, this.scan.grid))
  }

  private fillHoles(): void {
    const { map } = this.drawn
    const lesions = this.chosen ? [this.chosen] : [...map.lesions.keys()]
    const found = lesions.flatMap((id) => holes(map.voxelsOf(id), map.shape))
    this.say(this.drawn.change('fill', found) ? '' : 'There are no holes to fill.')
  }

  /** This will fill the slices between the chosen lesion and the nearest one above or below it. */
  private interpolate(): void {
    const { map } = this.drawn
    const { grid } = this.scan
    const one = map.voxelsOf(this.chosen)
    const fills = [...map.lesions]
      .filter(([id]) => id !== this.chosen)
      .map(([, other]) => (one.length > 0 ? between(one, other, grid) : []))
      .filter((found) => found.length > 0)
      .sort((few, many) => few.length - many.length)
    const isDone = this.drawn.change('interpolate', fills[0] ?? [])
    this.say(isDone ? '' : 'Choose a lesion that has another one some slices above or below it.')
  }

  /** The map behind the mask that is corrected; without one there is no slider. */
  private async loadProbability(): Promise<void> {
    if (!this.task.probability) return
    try {
      const { values } = await loadScan(await fetchBytes(this.task.probability))
      if (!fitsGrid(values, this.scan.grid)) return
      this.probability = values
      this.palette.offerMap()
      this.showLesions()
    } catch (error) {
      this.say(`The probability map could not be loaded. ${explanation(error)}`)
    }
  }

  isDrawnAt(mm: Triple): boolean {
    const voxel = this.viewer.voxelAt(mm)
    const index = voxel ? voxelUnder({ index: voxel, mm, plane: 0 }, this.scan.grid) : -1
    return index >= 0 && this.drawn.map.has(index)
  }

  private atThreshold(threshold: number): readonly number[] | null {
    const { map } = this.drawn
    const lesion = map.voxelsOf(this.chosen)
    if (!this.probability || lesion.length === 0) return null
    return rethresholded(lesion, this.probability, threshold, map, this.scan.grid)
  }

  private previewThreshold(threshold: number): void {
    const found = this.atThreshold(threshold)
    this.say(found ? '' : LEAK)
    if (!found) return
    const shown = new Set(found)
    const voxels = [...this.preview, ...this.drawn.map.voxelsOf(this.chosen), ...found]
    const { labels } = this.drawn.map
    const look = (voxel: number): number => (shown.has(voxel) ? CHOSEN : 0)
    const isOther = (voxel: number): boolean => ![0, this.chosen].includes(labels[voxel] ?? 0)
    this.viewer.paint(
      voxels.filter((voxel) => !isOther(voxel)),
      look,
    )
    this.preview = found
  }

  private takeThreshold(threshold: number): void {
    const before = this.drawn.map.voxelsOf(this.chosen)
    const found = this.atThreshold(threshold)
    const kept = new Set(found)
    const isDone =
      found && found.length > 0
        ? this.drawn.change(
            'threshold',
            found,
            before.filter((voxel) => !kept.has(voxel)),
          )
        : false
    this.repaint([...this.preview, ...before])
    this.preview = []
    if (!isDone) this.say(`${found ? '' : `${LEAK} `}Nothing was changed at this threshold.`)
  }

  private remove(lesion: number): void {
    const voxels = this.drawn.map.voxelsOf(lesion)
    if (voxels.length > 0) this.drawn.change('delete', [], voxels)
  }

  private undo(): void {
    this.drawn.undo()
  }

  private redo(): void {
    this.drawn.redo()
  }

  // --- What is shown

  private noteEdit(edit: Edit, voxels: readonly number[]): void {
    const body = bodyOf(edit, this.clock.activeMs)
    this.outbox.add({ kind: this.task.editKind, id: edit.id, body })
    if (this.chosen && !this.drawn.map.lesions.has(this.chosen)) this.chosen = 0
    this.repaint(voxels)
    this.showLesions()
    this.drawStrip()
  }

  private allVoxels(): number[] {
    return [...this.drawn.map.lesions.values()].flat()
  }

  private repaint(voxels: readonly number[]): void {
    const { labels } = this.drawn.map
    const accepted = this.drawn.acceptedLesions
    this.viewer.paint(voxels, (voxel) => {
      const lesion = labels[voxel] ?? 0
      if (lesion === 0) return 0
      if (lesion === this.chosen) return CHOSEN
      return accepted.has(lesion) ? ACCEPTED : LESION
    })
  }

  private choose(lesion: number): void {
    const { map } = this.drawn
    const before = this.chosen
    this.chosen = lesion
    this.repaint([...map.voxelsOf(before), ...map.voxelsOf(lesion)])
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
    const at = ids.indexOf(this.chosen)
    const next = at < 0 ? (steps > 0 ? 0 : ids.length - 1) : (at + steps + ids.length) % ids.length
    this.goTo(ids[next] ?? 0)
  }

  private showLesions(): void {
    this.list.show(this.drawn.lesions, this.chosen)
    this.undoButton.disabled = !this.drawn.canUndo
    this.redoButton.disabled = !this.drawn.canRedo
    this.refresh()
    this.threshold.show(this.probability !== null && this.chosen > 0)
  }

  /** This will show the dots of the task as they are now. */
  refresh(): void {
    this.viewer.setDots(this.task.dots())
  }

  goToPlace(mm: Triple): void {
    this.viewer.goTo(mm)
  }

  private showTool(): void {
    const { tool, radiusMm } = this.settings
    this.stage.dataset.tool = tool
    this.viewer.setBrush(tool === 'brush' || tool === 'erase' ? radiusMm : null)
    this.say(TOOLS.find((one) => one.tool === tool)?.does ?? '')
  }

  say(text: string): void {
    setText(this.said, text ? `${text[0]?.toUpperCase()}${text.slice(1)}` : '')
  }

  private drawStrip(): void {
    this.strip.start(this.scan.grid.shape[2], this.drawn.slices)
    this.noteView()
  }

  private noteView(): void {
    if (!this.isReady) return
    const { slice, slices } = this.viewer.state
    this.tools.update()
    this.strip.update(slice, new Coverage(slices))
    this.beside.follow(this.viewer.atCrosshair().place.mm)
  }

  // --- Saving

  private noteSaving(state: SavingState): void {
    this.badge.update(state)
    this.endButton.disabled = state.kind !== 'saved'
    this.task.noteSaving(state)
  }

  /** This will ask whether the drawing is to end here, unless its task has something against it. */
  private async askToEnd(): Promise<void> {
    if (this.endButton.disabled || this.confirmation.isOpen || this.isAsking) return
    const { ending } = this.task
    this.isAsking = true
    try {
      if (!(await ending.isDue())) return
    } catch (error) {
      this.say(explanation(error))
      return
    } finally {
      this.isAsking = false
    }
    const { lesions } = this.drawn
    const small = lesions.filter(({ isSmall }) => isSmall).length
    const lines = [
      plural(lesions.length, 'lesion'),
      ...(small ? [`${small} of them below ${this.task.minMm3} mm³`] : []),
      ...ending.lines(),
    ]
    this.confirmation.ask(ending.question, lines, () => {
      const { edits, map } = this.drawn
      const active_ms = this.clock.activeMs
      return ending.run({ edits, voxels: map.voxels, digest: map.digest, active_ms })
    })
  }

  /** This will lay another mask over the scan, or (null) what is drawn here. */
  showOther(other: LabelVolume | null): void {
    this.viewer.setLabels(other ?? { grid: this.scan.grid, labels: this.drawn.map.labels })
    if (!other) this.repaint(this.allVoxels())
    this.isReady = !other
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
        this.lift()
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

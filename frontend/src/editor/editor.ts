// The lesion editor: one drawing on the screen, from its first stroke to the mask that it becomes.

import { fetchBytes, request } from '../api/client'
import { explanation, Refused } from '../api/errors'
import { watchOwner } from '../api/owner'
import type { Drawing, Segmentation } from '../api/types'
import { make, plural, setText } from '../elements'
import { Confirmation } from '../reading/confirm'
import { ActivityClock } from '../saving/activity'
import { type Badge, buildBadge } from '../saving/badge'
import { deliver } from '../saving/deliver'
import { Outbox, type SavingState, type Send } from '../saving/outbox'
import { type OutboxStore, openOutboxStore } from '../saving/outboxStore'
import { showTrouble } from '../trouble'
import { exposeHook } from '../viewer/hook'
import { listenToKeys } from '../viewer/keys'
import { Legend } from '../viewer/legend'
import { type LoadedScan, loadLabels, loadScan, UnusableVolume } from '../viewer/load'
import { SliceStrip } from '../viewer/strip'
import { buildTools, type Tools } from '../viewer/tools'
import { type DrawnPlace, Viewer } from '../viewer/viewer'
import { isSameGrid, mmOfVoxel, type Triple } from '../voxels/grid'
import { between, bridge, holes } from '../voxels/grow'
import { voxelsOf } from '../voxels/runs'
import { Coverage } from '../voxels/slices'
import { Beside } from './beside'
import { bodyOf, Drawn, editsOf } from './drawn'
import { segmented } from './growing'
import type { Edit } from './history'
import { editorShortcuts } from './keys'
import { LesionList } from './lesionList'
import { FIRST_SETTINGS, Palette, TOOLS } from './palette'
import { Stroke, voxelUnder } from './stroke'
import { fitsGrid, rethresholded, ThresholdSlider } from './threshold'
import { ToDo } from './toDo'
import { TroubleBar } from './troubleBar'

export interface EditorPageData {
  readonly id: string
  readonly owner: string
  readonly login: string
  readonly case_page: string
  readonly drawing_page: string
}

/** How often a stroke is kept in the browser while it is drawn. */
const KEEP_STROKE_MS = 200

const LEAK = 'At this threshold it runs into everything around it.'

/** Values of the drawing layer (`viewer/mask.ts`). */
const [LESION, CHOSEN, ACCEPTED] = [1, 3, 4] as const

/** This will open a drawing inside `root`. */
export async function openEditor(root: HTMLElement, data: EditorPageData): Promise<void> {
  const trouble = make('p', { class: 'trouble', role: 'alert' })
  root.replaceChildren(
    make('p', { class: 'hint editor-loading', role: 'status' }, 'Loading the drawing…'),
  )
  try {
    const id = { id: data.id }
    const store = await openOutboxStore()
    // Asked before the server is: what another page sends meanwhile is in one of the two.
    const kept = (await store.pending(data.owner, data.id)).map(({ send }) => send)
    const drawing = await request('GET', '/api/v1/drawings/{id}/', id)
    const flair = drawing.scans.find(({ sequence }) => sequence === 'FLAIR')
    if (!flair) throw new UnusableVolume('This case has no FLAIR to draw on.')
    const [scan, start] = await Promise.all([
      fetchBytes(flair.volume).then(loadScan),
      drawing.parent ? fetchBytes(drawing.parent.labels).then(loadLabels) : null,
    ])
    if (start && !isSameGrid(start.grid, scan.grid)) {
      throw new UnusableVolume('The mask does not lie on the grid of the FLAIR.')
    }
    const editor = new Editor(root, data, drawing, scan, store)
    await editor.begin(start?.labels ?? null, kept)
  } catch (error) {
    const again = make(
      'button',
      { type: 'button', click: () => void openEditor(root, data) },
      'Try again',
    )
    showTrouble(trouble, error)
    root.replaceChildren(make('div', { class: 'editor-loading' }, trouble, again))
  }
}

class Editor {
  private viewer!: Viewer
  private tools!: Tools
  private drawn!: Drawn
  private outbox!: Outbox
  private stroke: Stroke | null = null
  private keepTimer: ReturnType<typeof setTimeout> | undefined
  private chosen = 0
  private probability: ArrayLike<number> | null = null
  /** Voxels that a threshold shows otherwise than they are drawn, until it is taken. */
  private preview: readonly number[] = []
  private isReady = false
  private isLeaving = false
  private readonly clock: ActivityClock
  private readonly badge: Badge
  private readonly strip = new SliceStrip((slice) => this.viewer.goToSlice(slice))
  private readonly palette: Palette
  private readonly list: LesionList
  private readonly troubles: TroubleBar
  private readonly beside: Beside
  private readonly toDo = new ToDo((mm) => this.viewer.goTo(mm))
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
  private readonly saveButton = make(
    'button',
    { type: 'button', class: 'primary', 'data-action': 'save', click: () => this.askToSave() },
    'Save as a mask',
  )
  private readonly confirmation = new Confirmation(explanation, {
    note: 'Saving makes a new mask of the case. What it was made from stays as it is.',
    yes: 'Save',
    busy: 'Saving…',
  })

  constructor(
    private readonly root: HTMLElement,
    private readonly data: EditorPageData,
    private drawing: Drawing,
    private readonly scan: LoadedScan,
    private readonly store: OutboxStore,
  ) {
    this.clock = new ActivityClock(() => performance.now(), drawing.active_ms)
    this.badge = buildBadge({
      retry: () => this.outbox.retry(),
      discard: () => void this.outbox.discardRefused().then(() => location.reload()),
      loginUrl: data.login,
    })
    this.palette = new Palette({ ...FIRST_SETTINGS }, () => this.showTool())
    this.list = new LesionList(
      {
        choose: (id) => this.goTo(id),
        accept: (id) => this.drawn.accept(id),
        remove: (id) => this.remove(id),
      },
      drawing.min_volume_mm3,
    )
    this.beside = new Beside(
      drawing.scans,
      (mm) => this.viewer.goTo(mm),
      (error) => this.say(explanation(error)),
    )
    this.troubles = new TroubleBar({
      fork: () => void this.fork(),
      reload: () => void this.giveUp(),
      show: (other) => void this.showOther(other),
    })
  }

  async begin(start: Uint16Array | null, kept: readonly Send[]): Promise<void> {
    const { owner, id } = this.data
    this.outbox = new Outbox({
      store: this.store,
      owner,
      presentation: id,
      deliver: (send) => deliver(id, send),
      onChange: (state) => this.noteSaving(state),
      savedAt: this.drawing.saved_at ? new Date(this.drawing.saved_at) : null,
    })
    const unsent = await this.outbox.resume()
    const { saved_as } = this.drawing
    if (saved_as && unsent.length === 0) {
      location.replace(this.maskPage(saved_as))
      return
    }
    this.drawn = new Drawn({
      grid: this.scan.grid,
      start,
      edits: editsOf(this.drawing, kept),
      minMm3: this.drawing.min_volume_mm3,
      onEdit: (edit, voxels) => this.noteEdit(edit, voxels),
    })
    await this.build()
    await this.viewer.show(this.scan, { grid: this.scan.grid, labels: this.drawn.map.labels })
    this.palette.setBrightest(this.scan.full.high)
    this.repaint(this.allVoxels())
    this.troubles.showMeanwhile(this.drawing.meanwhile)
    this.showTool()
    this.showLesions()
    this.drawStrip()
    await this.finishKeptStroke()
    void this.loadProbability()
    void this.loadToDo()
    this.watch()
    this.tools.update()
    await twoFrames() // until nothing moves any more: a click lands where it is aimed at
    this.isReady = true
    this.noteView()
    this.stage.focus({ preventScroll: true })
  }

  private async build(): Promise<void> {
    const { parent, case: code } = this.drawing
    const what = parent ? `Correcting ${parent.title}` : 'Drawing from empty'
    const leave = make('a', { href: this.data.case_page, class: 'quiet' }, 'Leave')
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
      this.troubles.element,
      this.palette.element,
      this.toDo.element,
      this.threshold.element,
      this.said,
      history,
      this.list.element,
      this.saveButton,
      make('p', { class: 'hint' }, this.gridText()),
    )
    const bar = make(
      'header',
      { class: 'room-bar' },
      make('h1', {}, `Case ${code}`),
      make('span', { class: 'progress-text' }, what),
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
    const shortcuts = editorShortcuts(this.viewer, {
      pick: (tool) => this.palette.change({ tool }),
      resize: (steps) => this.palette.resize(steps),
      tour: (steps) => this.tour(steps),
      accept: () => this.drawn.accept(this.chosen),
      fill: () => this.fillHoles(),
      interpolate: () => this.interpolate(),
      remove: () => this.remove(this.chosen),
      undo: () => this.undo(),
      redo: () => this.redo(),
      save: () => this.askToSave(),
      toggleLegend: () => legend.toggle(),
    })
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
    return { lesions, edits, canUndo, canRedo, saving, digest: map.digest, chosen: this.chosen }
  }

  private gridText(): string {
    const flair = this.drawing.scans.find(({ sequence }) => sequence === 'FLAIR')
    const size = flair?.shape.join(' × ')
    const spacing = flair?.spacing_mm.map((mm) => mm.toFixed(2)).join(' × ')
    return `A saved mask lies exactly on the grid of the FLAIR: ${size} voxels of ${spacing} mm.`
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
    if (this.stroke) void this.store.keepStroke(this.data.owner, this.data.id, this.stroke.kept)
  }

  /** This will end a stroke that an earlier page did not come to the end of. */
  private async finishKeptStroke(): Promise<void> {
    const { owner, id } = this.data
    const kept = await this.store.stroke(owner, id)
    if (!kept) return
    this.drawn.change(kept.tool, voxelsOf(kept.added), voxelsOf(kept.removed))
    await this.store.keepStroke(owner, id, null)
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
    void this.store.keepStroke(this.data.owner, this.data.id, null)
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
    if (!this.drawing.probability) return
    try {
      const { values } = await loadScan(await fetchBytes(this.drawing.probability))
      if (!fitsGrid(values, this.scan.grid)) return
      this.probability = values
      this.palette.offerMap()
      this.showLesions()
    } catch (error) {
      this.say(`The probability map could not be loaded. ${explanation(error)}`)
    }
  }

  private async loadToDo(): Promise<void> {
    if (!this.drawing.parent) return
    try {
      const id = { id: this.data.id }
      this.toDo.show(await request('GET', '/api/v1/drawings/{id}/to-correct/', id))
      this.showLesions()
    } catch (error) {
      this.say(`What raters marked could not be loaded. ${explanation(error)}`)
    }
  }

  private isDrawnAt(mm: Triple): boolean {
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
    this.outbox.add({ kind: 'edit', id: edit.id, body: bodyOf(edit, this.clock.activeMs) })
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

  private goTo(lesion: number): void {
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
    const dots = this.toDo.update((mm) => this.isDrawnAt(mm))
    this.viewer.setDots(dots)
    this.threshold.show(this.probability !== null && this.chosen > 0)
  }

  private showTool(): void {
    const { tool, radiusMm } = this.settings
    this.stage.dataset.tool = tool
    this.viewer.setBrush(tool === 'brush' || tool === 'erase' ? radiusMm : null)
    this.say(TOOLS.find((one) => one.tool === tool)?.does ?? '')
  }

  private say(text: string): void {
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
    const isSaved = state.kind === 'saved'
    this.saveButton.disabled = !isSaved
    this.troubles.showSplit(state.kind === 'refused' ? state.code : '', state)
  }

  private askToSave(): void {
    if (this.saveButton.disabled || this.confirmation.isOpen) return
    const { lesions } = this.drawn
    const small = lesions.filter(({ isSmall }) => isSmall).length
    const lines = [
      plural(lesions.length, 'lesion'),
      ...(small ? [`${small} of them below ${this.drawing.min_volume_mm3} mm³`] : []),
      this.gridText(),
    ]
    const beside = this.troubles.others.map(({ title }) => `Beside: ${title}`)
    this.confirmation.ask('Save what you drew as a mask?', [...lines, ...beside], () => this.save())
  }

  private async save(): Promise<() => void> {
    const { edits, map } = this.drawn
    const body = {
      edits,
      voxels: map.voxels,
      digest: map.digest,
      active_ms: this.clock.activeMs,
      beside: this.troubles.others.length > 0,
    }
    try {
      const id = { id: this.data.id }
      const saved = await request('POST', '/api/v1/drawings/{id}/save/', id, body)
      return () => this.leaveTo(this.maskPage(saved.id))
    } catch (error) {
      if (error instanceof Refused && error.code === 'SavedMeanwhile') await this.meetOthers()
      throw error
    }
  }

  /** Somebody else has saved a correction of the same mask: theirs is shown beside this one. */
  private async meetOthers(): Promise<void> {
    this.drawing = await request('GET', '/api/v1/drawings/{id}/', { id: this.data.id })
    this.troubles.showMeanwhile(this.drawing.meanwhile)
  }

  /** This will lay somebody else's mask over the scan, or (null) what is drawn here. */
  private async showOther(other: Segmentation | null): Promise<void> {
    const { grid } = this.scan
    const labels = other
      ? await loadLabels(await fetchBytes(other.labels))
      : { grid, labels: this.drawn.map.labels }
    this.viewer.setLabels(labels)
    if (!other) this.repaint(this.allVoxels())
    this.isReady = !other
  }

  /** This will go on beside a drawing that went on elsewhere, with what is unsent here. */
  private async fork(): Promise<void> {
    const pending = await this.outbox.handOver()
    const first = this.drawn.edits - pending.length
    const { id, owner } = this.data
    const fork = await request('POST', '/api/v1/drawings/{id}/fork/', { id }, { edits: first })
    for (const { send } of pending) await this.store.keep(owner, fork.id, send)
    for (const one of pending) await this.store.forget(one)
    this.leaveTo(this.data.drawing_page.replace('ID', fork.id))
  }

  /** This will let go of what is unsent here and show what was drawn elsewhere. */
  private async giveUp(): Promise<void> {
    for (const one of await this.outbox.handOver()) await this.store.forget(one)
    this.isLeaving = true
    location.reload()
  }

  private maskPage(id: string): string {
    return `${this.data.case_page}?mask=${id}`
  }

  private leaveTo(address: string): void {
    this.isLeaving = true
    location.assign(address)
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

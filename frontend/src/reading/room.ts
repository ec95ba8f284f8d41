// The reading room: one presentation on the screen, from its first slice to its submission.

import { explanation, Refused } from '../api/errors'
import type { Feedback, Presentation, Reading } from '../api/types'
import { make, plural, setText } from '../elements'
import { type Badge, buildBadge } from '../saving/badge'
import { deliver } from '../saving/deliver'
import type { OutboxStore } from '../saving/outboxStore'
import { listenToKeys } from '../viewer/keys'
import { Legend } from '../viewer/legend'
import type { LoadedScan } from '../viewer/load'
import { type OwnKeys, titleButtons } from '../viewer/ownKeys'
import { SliceStrip } from '../viewer/strip'
import { buildTools, type Tools } from '../viewer/tools'
import { Viewer } from '../viewer/viewer'
import type { Triple } from '../voxels/grid'
import { slicesWithLesions } from '../voxels/labels'
import type { Coverage } from '../voxels/slices'
import { Ahead } from './ahead'
import { answerInWords } from './answerInWords'
import { Confirmation } from './confirm'
import { Instructions } from './instructions'
import { KeyDialog } from './keyDialog'
import { KeySummary } from './keySummary'
import { markNames } from './markList'
import type { Mark } from './marks'
import { Panel } from './panel'
import { reviewDots, reviewPanel } from './review'
import { openedPresentation, saveView, submitAnswer } from './service'
import { roomShortcuts } from './shortcuts'
import { Sitting } from './sitting'

export interface RoomSettings {
  readonly store: OutboxStore
  readonly owner: string
  readonly loginUrl: string
  readonly homeUrl: string
  /** The rater's own keys, as the server keeps them. */
  readonly keys: OwnKeys
  /** Whether the short list of keys is folded away. */
  readonly areKeysFolded: boolean
  /**
   * The presentation is locked after so much active reading; `reading` says where the rater stands,
   * if the server said it, and `stored` to the rater what is stored.
   */
  readonly onSubmitted: (reading: Reading | null, stored: string, activeMs: number) => void
  /** A request found that another person has logged in; nothing was sent. */
  readonly onSomebodyElse: () => void
}

interface Review {
  readonly element: HTMLElement
  readonly goOn: () => void
  readonly coverage: Coverage
}

const CLICKS = [
  ['Click a lesion', 'mark it false positive (FP); again takes it back'],
  ['Click elsewhere', 'mark a missed lesion (FN); click its dot to take it back'],
  ['Bar at the side', 'slices: lit when seen, dotted where lesions are drawn; click to go there'],
] as const

const STORED = 'Your answer is stored.'
const PRACTICE_NOTE =
  'Submitting locks your marks. This is practice: you are told next what was right.'
const STORED_BEFORE =
  'Your answer is stored as you had sent it before. If you have changed it since, correct your last verdict.'

export class Room {
  private viewer!: Viewer
  /** For the T1 beside the FLAIR; built when the first one is to be shown. */
  private beside: Viewer | null = null
  private tools!: Tools
  private sitting: Sitting | null = null
  /** Stands in place of the panel while a practice case is looked at again. */
  private review: Review | null = null
  private isPractice = false
  /** The answers that were sent for the presentation that is open, stored or not. */
  private readonly tried = new Set<string>()
  private readonly title = make('h1', {}, 'Reading')
  private readonly progress = make('span', { class: 'progress-text' })
  private readonly ahead = new Ahead()
  private readonly badge: Badge
  private readonly panel: Panel
  private readonly strip = new SliceStrip((slice) => this.viewer.goToSlice(slice))
  private readonly coverage = make('span', { class: 'coverage-text' })
  private readonly stage = make('div', {
    class: 'stage',
    role: 'application',
    'aria-label': 'FLAIR scan with the mask. The keys are listed in the legend.',
    'data-caption': 'FLAIR',
    tabindex: 0,
  })
  private readonly besideStage = make('div', {
    class: 'stage-beside',
    role: 'img',
    'aria-label': 'T1 scan at the same place',
    'data-caption': 'T1',
    hidden: true,
  })
  private readonly t1 = make(
    'button',
    {
      type: 'button',
      title: 'T1 beside the FLAIR',
      'data-command': 't1',
      hidden: true,
      click: () => this.toggleT1(),
    },
    'T1',
  )
  private readonly confirmation = new Confirmation(explanation)
  private readonly instructions = new Instructions()
  private legend!: Legend
  private keys!: KeyDialog
  private readonly keySummary: KeySummary

  private constructor(
    readonly element: HTMLElement,
    private readonly settings: RoomSettings,
  ) {
    this.keySummary = new KeySummary(settings.areKeysFolded)
    this.badge = buildBadge({
      retry: () => this.sitting?.outbox.retry(),
      discard: () => void this.sitting?.outbox.discardRefused().then(() => location.reload()),
      loginUrl: settings.loginUrl,
    })
    this.panel = new Panel({
      undo: () => this.change((sitting) => sitting.undo()),
      redo: () => this.change((sitting) => sitting.redo()),
      tour: (steps) => this.goOnTour(steps),
      submit: () => this.submit(),
      goTo: (mark) => this.goToMark(mark),
      giveReason: (mark, reason) => this.change((sitting) => sitting.giveReason(mark.key, reason)),
      countAs: (mark, lesions) => this.change((sitting) => sitting.countAs(mark.key, lesions)),
      join: (mark, other) => this.change((sitting) => sitting.join(mark.key, other)),
      remove: (mark) => this.change((sitting) => sitting.remove(mark.key)),
    })
  }

  /** This will build the empty room inside `element`. */
  static async create(element: HTMLElement, settings: RoomSettings): Promise<Room> {
    const room = new Room(element, settings)
    const leave = make('a', { href: settings.homeUrl, class: 'quiet' }, 'Leave')
    const image = make('div', { class: 'image' }, room.stage, room.besideStage, room.strip.element)
    const left = make('div', { class: 'left' }, image)
    element.append(
      make(
        'header',
        { class: 'room-bar' },
        room.title,
        room.progress,
        room.coverage,
        room.badge.element,
        leave,
      ),
      left,
      room.panel.element,
      room.confirmation.element,
    )
    room.viewer = await Viewer.create(room.stage, {
      onClick: (place, lesion) => room.mark(lesion, place.mm),
      onChange: () => room.noteView(),
    })
    room.tools = buildTools(room.viewer)
    room.tools.element.append(room.t1)
    left.append(room.tools.element)
    const shortcuts = roomShortcuts(room.viewer, {
      tour: (steps) => room.goOnTour(steps),
      toggleT1: () => room.toggleT1(),
      markHere: () => room.markHere(),
      undo: () => room.change((sitting) => sitting.undo()),
      redo: () => room.change((sitting) => sitting.redo()),
      giveReason: (number) => room.change((sitting) => sitting.giveReasonByNumber(number)),
      count: (more) => room.change((sitting) => sitting.countCurrent(more)),
      join: () => room.change((sitting) => sitting.joinCurrent()),
      choose: (verdict) => room.panel.form.choose(verdict),
      sayConsistent: (isConsistent) => room.panel.form.sayConsistent(isConsistent),
      submit: () => room.submit(),
      toggleLegend: () => {
        room.legend.toggle()
        if (room.legend.element.hidden) room.takeFocus()
      },
    })
    room.keys = new KeyDialog(shortcuts, settings.keys, (changed) => {
      room.legend.show(changed)
      room.keySummary.show(changed)
      titleButtons(element, changed)
    })
    const change = make('button', { type: 'button', click: () => room.keys.open() }, 'Change keys')
    room.keySummary.show(room.keys.shortcuts)
    room.panel.element.append(room.keySummary.element)
    room.legend = new Legend(CLICKS, room.keys.shortcuts, change)
    room.legend.rest = () => room.takeFocus()
    element.append(room.keys.element)
    titleButtons(element, room.keys.shortcuts)
    element.append(room.instructions.element)
    leave.before(room.instructions.button, room.legend.button)
    left.append(room.legend.element)
    const isAsking = (): boolean =>
      room.confirmation.isOpen || room.keys.isOpen || room.instructions.isOpen
    listenToKeys(
      () => room.keys.shortcuts,
      () => (room.isOpen || room.review !== null) && !isAsking(),
    )
    room.watchAttention()
    return room
  }

  get isOpen(): boolean {
    return this.sitting !== null
  }

  /** Whether closing the page now would leave something unsent. */
  get hasUnsent(): boolean {
    return this.sitting !== null && !this.sitting.outbox.isEmpty
  }

  /** What the test hook tells about the page. */
  get summary(): object {
    const { sitting } = this
    if (!sitting) return { stage: 'empty' }
    const { counts, corrected, all } = sitting.marks
    return {
      stage: 'reading',
      presentation: sitting.presentation.presentation,
      saving: sitting.outbox.state.kind,
      counts: { drawn: sitting.presentation.lesion_count, ...counts },
      corrected,
      marks: all.map(({ kind, lesion, mm, reason }) => ({ kind, lesion, mm, reason })),
      t1: this.beside && !this.besideStage.hidden ? this.beside.atPlace() : null,
      slicesSeen: sitting.coverage.count,
      activeMs: sitting.clock.activeMs,
    }
  }

  get shown(): Viewer {
    return this.viewer
  }

  /** This will show a presentation that was opened. Raises Refused, Unreachable, ... */
  async show(presentation: Presentation, reading: Reading, isResumed: boolean): Promise<void> {
    this.clear()
    setText(this.title, reading.title)
    this.instructions.offer(reading)
    const number = `${Math.min(reading.done + 1, reading.total)} of ${reading.total}`
    this.isPractice = reading.practice_left > 0
    setText(this.progress, this.isPractice ? 'Practice' : number)
    this.stage.dataset.busy = 'Loading the scan…'
    try {
      const { scan, mask, t1 } = await this.ahead.take(presentation)
      await this.showT1(t1)
      await this.viewer.show(scan, mask, presentation.window)
      const slices = mask.grid.shape[2]
      this.sitting = await Sitting.begin(presentation, {
        store: this.settings.store,
        owner: this.settings.owner,
        deliver,
        saveView,
        slices,
        askAgain: isResumed ? () => openedPresentation(presentation.presentation) : null,
        onSaving: (state) => {
          this.badge.update(state)
          this.panel.update()
          if (this.panel.isWaiting) this.submit()
          if (state.kind === 'somebody_else') this.settings.onSomebodyElse()
        },
      })
      const { resumed } = this.sitting
      if (resumed) {
        this.viewer.setWindow(resumed.window)
        this.viewer.goTo(resumed.mm)
      }
      this.badge.update(this.sitting.outbox.state)
      this.strip.start(slices, slicesWithLesions(mask))
      this.panel.start(this.sitting, reading.ask_consistency)
      this.keySummary.element.toggleAttribute('data-consistency', reading.ask_consistency)
      this.sitting.clock.sign()
      this.element.scrollTop = 0 // where the panel stands below the image
      this.showMarks()
      this.noteView()
      this.ahead.prepare(presentation.next)
    } catch (error) {
      this.clear()
      throw error
    } finally {
      delete this.stage.dataset.busy
    }
  }

  /** This will put the keyboard on the scan; before, the room must not be inert any more. */
  takeFocus(): void {
    this.stage.focus({ preventScroll: true })
  }

  /** This will take everything of the presentation off the screen. */
  clear(isSubmitted = false): void {
    this.sitting?.end(isSubmitted)
    this.sitting = null
    this.tried.clear()
    this.viewer.clear()
    this.beside?.clear()
    this.panel.clear()
    this.panel.element.hidden = false
    this.review?.element.remove()
    this.review = null
    this.strip.start(0, new Set())
    setText(this.coverage, '')
    this.legend.hide()
  }

  /** This will also forget what was fetched ahead and what the bar says: another person looks on. */
  abandon(): void {
    this.clear()
    this.confirmation.close()
    this.instructions.close()
    this.keys.close()
    this.ahead.prepare(null)
    setText(this.title, '')
    setText(this.progress, '')
  }

  private async showT1(t1: LoadedScan | null): Promise<void> {
    this.t1.hidden = t1 === null
    this.setT1(t1 !== null)
    if (!t1) return
    this.beside ??= await this.viewer.createBeside(this.besideStage)
    await this.beside.show(t1, null)
  }

  private toggleT1(): void {
    if (!this.t1.hidden) this.setT1(this.besideStage.hidden)
  }

  private setT1(isShown: boolean): void {
    this.besideStage.hidden = !isShown
    this.t1.setAttribute('aria-pressed', String(isShown))
  }

  private change(act: (sitting: Sitting) => void): void {
    if (!this.sitting) return
    this.panel.stopWaiting()
    act(this.sitting)
    this.showMarks()
  }

  private mark(lesion: number, mm: Triple): void {
    this.change((sitting) => sitting.toggle(lesion, mm))
  }

  /** The mark at the crosshair, for the keyboard: a missed lesion there is taken back again. */
  private markHere(): void {
    const { place, lesion } = this.viewer.atCrosshair()
    const there = this.sitting?.marks.missed.find((mark) => {
      const voxel = this.viewer.voxelAt(mark.mm)
      return voxel?.every((at, axis) => at === place.voxel[axis])
    })
    if (lesion === 0 && there) this.change((sitting) => sitting.remove(there.key))
    else this.mark(lesion, place.mm)
  }

  private goToMark(mark: Mark): void {
    this.viewer.goTo(mark.mm)
    this.change((sitting) => sitting.takeUp(mark.key))
  }

  private showMarks(): void {
    const { sitting } = this
    if (!sitting) return
    const names = markNames(sitting.marks.all)
    this.viewer.setMarked(sitting.marks.falsePositives)
    this.viewer.setDots(
      sitting.marks.missed.map((mark) => this.dot(mark, names.get(mark.key) ?? '')),
    )
    this.panel.update()
  }

  private dot(mark: Mark, name: string) {
    const number = name.replace('FN ', '')
    return {
      key: mark.key,
      mm: mark.mm,
      text: number,
      label: `Missed lesion ${number}, remove`,
      onClick: () => this.change((sitting) => sitting.remove(mark.key)),
    }
  }

  private goOnTour(steps: 1 | -1): void {
    const lesion = this.sitting?.tour.go(steps)
    if (lesion) this.viewer.goTo(lesion.voxel_mm)
    this.panel.update()
  }

  private noteView(): void {
    const coverage = this.sitting?.coverage ?? this.review?.coverage
    if (!coverage) return
    const { slice, slices, window } = this.viewer.state
    this.sitting?.look(slice, { mm: this.viewer.atCrosshair().place.mm, window })
    this.tools.update()
    this.strip.update(slice, coverage)
    setText(this.coverage, `Seen ${coverage.count} of ${plural(slices, 'slice')}`)
  }

  private submit(): void {
    const { sitting } = this
    if (!sitting) {
      this.review?.goOn()
      return
    }
    sitting.finishComment()
    if (this.panel.missing) {
      this.panel.update()
      return
    }
    if (!sitting.outbox.isEmpty) {
      this.panel.wait(sitting.outbox.state)
      return
    }
    this.panel.stopWaiting()
    const lines = answerInWords(this.panel.form.given, sitting)
    lines.push(this.coverage.textContent)
    if (sitting.tour.left > 0) lines.push(`${plural(sitting.tour.left, 'drawn lesion')} unseen`)
    const send = (): Promise<() => void> => this.send(sitting)
    const note = this.isPractice ? PRACTICE_NOTE : undefined
    this.confirmation.ask('Submit this answer?', lines, send, note)
  }

  /** This will submit, and return how it goes on from there. */
  private async send(sitting: Sitting): Promise<() => void> {
    let reading: Reading | null = null
    let stored = STORED
    const { given } = this.panel.form
    const said = JSON.stringify(given)
    const isRepeated = this.tried.size === 1 && this.tried.has(said)
    this.tried.add(said)
    try {
      const answer = sitting.answer(given)
      reading = await submitAnswer(sitting.presentation.presentation, answer)
    } catch (error) {
      if (error instanceof Refused && error.isSomebodyElse) return this.settings.onSomebodyElse
      // An earlier attempt arrived although its answer got lost on the way back.
      if (!(error instanceof Refused && error.code === 'AlreadySubmitted')) throw error
      if (!isRepeated) stored = STORED_BEFORE
    }
    const { activeMs } = sitting.clock
    const goOn = (): void => {
      this.clear(true)
      this.settings.onSubmitted(reading, stored, activeMs)
    }
    const feedback = reading?.feedback
    return feedback?.places.length ? () => this.lookAgain(sitting, feedback, goOn) : goOn
  }

  /** After practice: the scan stays, with what was right and wrong in place of the marks. */
  private lookAgain({ coverage }: Sitting, feedback: Feedback, goOn: () => void): void {
    this.sitting?.end(true)
    this.sitting = null
    const goTo = (mm: Triple): void => this.viewer.goTo(mm)
    this.viewer.setMarked(new Set())
    this.viewer.setDots(reviewDots(feedback, goTo))
    this.legend.hide()
    const element = reviewPanel(feedback, goTo, goOn)
    this.review = { element, goOn, coverage }
    this.panel.element.hidden = true
    this.panel.element.after(element)
    const first = element.querySelector('button')
    first?.click() // its place is in sight at once
    first?.focus()
  }

  /** Reading time counts while the rater does something on a visible page. */
  private watchAttention(): void {
    for (const kind of ['pointermove', 'pointerdown', 'wheel', 'keydown'] as const) {
      window.addEventListener(kind, () => this.sitting?.clock.sign(), { passive: true })
    }
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) {
        this.sitting?.finishComment()
        if (this.sitting?.isShown) this.noteView() // a hidden page draws no frame that would
        this.sitting?.clock.hide()
        this.sitting?.keepAttention()
      } else {
        this.sitting?.clock.sign()
        this.sitting?.outbox.retry()
      }
    })
    window.addEventListener('online', () => this.sitting?.outbox.retry())
    window.addEventListener('focus', () => this.sitting?.outbox.retry())
  }
}

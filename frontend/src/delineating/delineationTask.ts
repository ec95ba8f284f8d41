// One case of a delineator's share: drawn from empty, in the second step dot by dot, and submitted.

import { request } from '../api/client'
import type { CandidateDot, Delineation, DotChoice } from '../api/types'
import type { Desk, EditorTask, Ending, Seen } from '../editor/task'
import { TroubleBar } from '../editor/troubleBar'
import { make, newUuid } from '../elements'
import { isEdit, type SavingState, type Send } from '../saving/outbox'
import type { Dot } from '../viewer/dots'
import type { Shortcut } from '../viewer/keys'
import type { Grid } from '../voxels/grid'
import { voxelsOf } from '../voxels/runs'
import {
  CHOICES,
  countsOf,
  decidedOf,
  dotBefore,
  isFromProposal,
  nextDot,
  type Unfinished,
  unfinished,
  voxelsWithin,
  withUnsent,
} from './decisions'
import { DotList, sayingOf } from './dotList'
import { Missing, type Reason } from './missing'

const SPLITS = new Set([
  'DrawnElsewhere',
  'DelineationSubmitted',
  'DelineatorLeft',
  'ReferenceNotOpen',
])

export class DelineationTask implements EditorTask {
  private desk!: Desk
  private decided: readonly CandidateDot[]
  private current = -1
  /** For each dot the voxels within reach; known once the grid is. */
  private near: readonly (readonly number[])[] = []
  private readonly dotList: DotList
  private readonly missing = new Missing()
  private readonly troubles = new TroubleBar(SPLITS, {
    fork: null,
    reload: () => void this.giveUp(),
    show: () => {},
  })
  readonly notice = this.troubles.element
  readonly above: readonly HTMLElement[]
  readonly below: readonly HTMLElement[]
  readonly shortcuts: readonly Shortcut[]
  readonly start = null
  readonly probability = null
  readonly editKind = 'delineation_edit'
  readonly ending: Ending = {
    button: 'Submit this case',
    key: { shown: 'Ctrl + Enter', does: 'submit this case', keys: ['Enter'] },
    question: 'Submit this case?',
    words: {
      note: 'Submitting locks this case: it cannot be changed any more.',
      yes: 'Submit',
      busy: 'Submitting…',
    },
    isDue: () => this.isDue(),
    lines: () => (this.hasDots ? countsOf(this.decided) : []),
    run: (seen) => this.submit(seen),
  }

  /** `home` is the address of the list of cases; `unsent` what an earlier page could not send. */
  constructor(
    private readonly delineation: Delineation,
    unsent: readonly Send[],
    readonly home: string,
  ) {
    this.decided = withUnsent(delineation.dots, unsent)
    this.dotList = new DotList(this.decided, {
      choose: (place) => this.goTo(place),
      decide: (choice) => this.decide(choice),
      takeProposal: () => this.takeProposal(),
      step: (steps) => this.step(steps),
    })
    const dots = delineation.step === 2 ? [this.dotList.element] : []
    this.above = dots
    this.below = [...instructionsOf(delineation.instructions), this.missing.element]
    this.shortcuts = [...(this.hasDots ? this.dotKeys() : []), this.nothingToSave()]
  }

  private get hasDots(): boolean {
    return this.delineation.dots.length > 0
  }

  get heading(): string {
    return this.delineation.title
  }

  get what(): string {
    const { step, number, of } = this.delineation
    return `Step ${step}, case ${number} of ${of}`
  }

  get scans() {
    return this.delineation.scans
  }

  get edits() {
    return this.delineation.edits
  }

  get activeMs(): number {
    return this.delineation.active_ms
  }

  get savedAt(): string | null {
    return this.delineation.saved_at
  }

  get minMm3(): number {
    return this.delineation.min_volume_mm3
  }

  get summary(): object {
    const dots = this.decided.map(({ position, mm, choice, from_proposal }) => ({
      position,
      mm,
      choice,
      from_proposal,
    }))
    return { dots, dot: this.current + 1 }
  }

  begin(desk: Desk, grid: Grid): void {
    this.desk = desk
    const { reach_mm } = this.delineation
    this.near = this.decided.map(({ mm }) => voxelsWithin(mm, reach_mm, grid))
    if (this.hasDots) this.goTo(nextDot(this.decided, -1))
  }

  dots(): readonly Dot[] {
    this.followProposals()
    if (this.missing.isShown) this.missing.show(this.reasons())
    const { bare } = this.unfinished
    const at = this.decided[this.current]
    const mayPropose = Boolean(at?.proposal) && !at?.from_proposal
    this.dotList.show(this.decided, this.current, bare, mayPropose)
    return this.decided.map((dot, place) => {
      const tone = `${dot.choice ?? 'undecided'}${place === this.current ? ' current' : ''}`
      return {
        key: `${dot.position} ${tone}`, // made anew when it looks otherwise
        mm: dot.mm,
        text: String(dot.position),
        label: `Dot ${dot.position}: ${sayingOf(dot, bare.includes(place))}`,
        tone,
        onClick: () => this.goTo(place),
      }
    })
  }

  noteSaving(state: SavingState): void {
    this.troubles.showSplit(state)
  }

  /** Whoever saves by habit must not submit, which is for good. */
  private nothingToSave(): Shortcut {
    const words = 'What you draw is saved as you go. Ctrl + Enter submits this case.'
    return { shown: '', does: '', keys: ['s'], ctrl: true, run: () => this.desk.say(words) }
  }

  // --- Dots

  private dotKeys(): readonly Shortcut[] {
    const proposal: Shortcut = {
      shown: 'F',
      does: 'begin the lesion from the proposal',
      keys: ['f'],
      run: () => this.takeProposal(),
    }
    return [
      { shown: 'N', does: 'next dot, undecided ones first', keys: ['n'], run: () => this.step(1) },
      { shown: 'P', does: 'previous dot', keys: ['p'], run: () => this.step(-1) },
      ...CHOICES.map(({ choice, name }, at) => ({
        shown: String(at + 1),
        does: `the dot is: ${name.toLowerCase()}`,
        keys: [String(at + 1)],
        run: () => this.decide(choice),
      })),
      ...(this.delineation.proposals ? [proposal] : []),
    ]
  }

  private step(steps: 1 | -1): void {
    this.goTo((steps === 1 ? nextDot : dotBefore)(this.decided, this.current))
  }

  private goTo(place: number): void {
    const dot = this.decided[place]
    if (!dot) return
    this.current = place
    this.desk.goToPlace(dot.mm)
    this.desk.refresh()
    this.dotList.reveal(place)
    const isBare = this.unfinished.bare.includes(place)
    this.dotList.say(`Dot ${dot.position} of ${this.decided.length}: ${sayingOf(dot, isBare)}.`)
  }

  private decide(choice: DotChoice): void {
    const dot = this.decided[this.current]
    if (!dot || dot.choice === choice) return
    const from_proposal = choice === 'lesion' && isFromProposal(dot, this.desk.drawn.standing)
    this.send(dot, { choice, from_proposal })
    this.desk.refresh()
    const name = CHOICES.find((one) => one.choice === choice)?.name.toLowerCase()
    const count = `${decidedOf(this.decided)} of ${this.decided.length} decided`
    this.dotList.say(`Dot ${dot.position}: ${name}. ${count}.`)
    this.desk.say(this.toDoAt(this.current, dot))
  }

  /** What is to be drawn or deleted after a dot was decided; empty where nothing is. */
  private toDoAt(place: number, { position }: CandidateDot): string {
    const { bare, stray } = this.unfinished
    if (bare.includes(place)) return `Draw the lesion at dot ${position}.`
    const { labels } = this.desk.drawn.map
    const isDrawn = this.near[place]?.some((voxel) => stray.includes(labels[voxel] ?? 0))
    return isDrawn ? `A lesion is drawn at dot ${position}: delete it, or call it one.` : ''
  }

  /** This will draw what was proposed for the current dot, and call it a lesion. */
  private takeProposal(): void {
    const dot = this.decided[this.current]
    if (!dot?.proposal) return
    const isDrawn = this.desk.drawn.change('proposal', voxelsOf(dot.proposal))
    this.desk.say(isDrawn ? '' : 'All of the proposal is drawn already.')
    this.decide('lesion')
  }

  /** This will record whether the lesions at dots stand on their proposals, undo included. */
  private followProposals(): void {
    if (!this.delineation.proposals) return
    for (const dot of this.decided) {
      const from_proposal = isFromProposal(dot, this.desk.drawn.standing)
      if (dot.choice !== 'lesion' || dot.from_proposal === from_proposal) continue
      this.send(dot, { choice: 'lesion', from_proposal })
    }
  }

  private send(dot: CandidateDot, body: { choice: DotChoice; from_proposal: boolean }): void {
    this.decided = this.decided.map((one) => (one.dot === dot.dot ? { ...one, ...body } : one))
    this.desk.outbox.add({ kind: 'decision', id: newUuid(), dot: dot.dot, body })
  }

  private get unfinished(): Unfinished {
    return unfinished(this.decided, this.near, this.desk.drawn.map)
  }

  // --- Submitting

  /** Another window may have decided meanwhile: what the server has is what is submitted. */
  private async isDue(): Promise<boolean> {
    if (this.delineation.step === 1) return true
    const token = { token: this.delineation.delineation }
    const { dots } = await request('GET', '/api/v1/delineations/{token}/', token)
    if (!this.desk.outbox.isEmpty) {
      this.desk.say('Something was changed just now. Submit once it is saved.')
      return false
    }
    this.decided = this.decided.map((dot) => ({
      ...dot,
      ...dots.find((stored) => stored.dot === dot.dot),
    }))
    this.desk.refresh()
    const reasons = this.reasons()
    this.missing.show(reasons)
    this.missing.reveal()
    return reasons.length === 0
  }

  private reasons(): readonly Reason[] {
    const { undecided, bare, stray } = this.unfinished
    const reach = `within ${this.delineation.reach_mm} mm`
    const at = (place: number): number => this.decided[place]?.position ?? 0
    const dot = (text: string) => (place: number) => ({
      text,
      to: `Dot ${at(place)}`,
      go: () => this.goTo(place),
    })
    return [
      ...bare.map(dot(`called a lesion, and nothing is drawn ${reach}`)),
      ...stray.map((lesion) => ({
        text: `lies at no dot called a lesion (${reach}): delete it, or decide a dot anew`,
        to: `Lesion ${lesion}`,
        go: () => this.desk.goTo(lesion),
      })),
      ...undecided.map(dot('not decided')), // last: the list of dots shows them, too
    ]
  }

  private async submit(seen: Seen): Promise<() => void> {
    const token = { token: this.delineation.delineation }
    await request('POST', '/api/v1/delineations/{token}/submit/', token, { ...seen })
    return () => this.desk.leaveTo(`${this.home}#submitted`)
  }

  /**
   * This will let go of the edits that cannot be stored and show what was drawn elsewhere. Decisions
   * replace nothing that was drawn, so they stay and are sent, unless nothing can be any more.
   */
  private async giveUp(): Promise<void> {
    const { outbox, store } = this.desk
    const { state } = outbox
    const isOver = state.kind === 'refused' && state.code !== 'DrawnElsewhere'
    for (const one of await outbox.handOver()) {
      if (isOver || isEdit(one.send)) await store.forget(one)
    }
    this.desk.reload()
  }
}

function instructionsOf(text: string): readonly HTMLElement[] {
  if (!text.trim()) return []
  const paragraphs = text.split(/\n\s*\n/).map((one) => make('p', {}, one))
  return [
    make('details', { class: 'instructions' }, make('summary', {}, 'Instructions'), ...paragraphs),
  ]
}

// A drawing that becomes a mask of its case: from empty, or the correction of another mask.

import { fetchBytes, request } from '../api/client'
import { explanation, Refused } from '../api/errors'
import type { Drawing, Segmentation } from '../api/types'
import { make, newUuid } from '../elements'
import type { SavingState, Send } from '../saving/outbox'
import { timeFormat } from '../time'
import type { Dot } from '../viewer/dots'
import { loadLabels } from '../viewer/load'
import { gridText } from './gridText'
import type { Desk, EditorTask, Ending, Seen } from './task'
import { ToDo } from './toDo'
import { TroubleBar } from './troubleBar'

const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'short' })

export interface DrawingPageData {
  readonly id: string
  readonly owner: string
  readonly login: string
  readonly case_page: string
  readonly drawing_page: string
}

/** This will find a drawing; null leads to the mask that it has become. */
export async function findDrawing(
  data: DrawingPageData,
  kept: readonly Send[],
): Promise<EditorTask | null> {
  const drawing = await request('GET', '/api/v1/drawings/{id}/', { id: data.id })
  if (drawing.saved_as && kept.length === 0) {
    location.replace(maskPage(data, drawing.saved_as))
    return null
  }
  return new MaskTask(data, drawing)
}

function maskPage(data: DrawingPageData, mask: string): string {
  return `${data.case_page}?mask=${mask}`
}

class MaskTask implements EditorTask {
  private desk!: Desk
  private looked: Segmentation | null = null
  private readonly toDo = new ToDo((mm) => this.desk.goToPlace(mm))
  private readonly troubles = new TroubleBar(new Set(['DrawnElsewhere', 'AlreadySaved']), {
    fork: () => void this.fork(),
    reload: () => void this.giveUp(),
    show: (other) => void this.showOther(other),
  })
  private readonly resumed = make('div', { class: 'conflict is-calm', hidden: true })
  readonly notice = this.troubles.element
  readonly above = [this.resumed]
  readonly below = [this.toDo.element]
  readonly shortcuts = []
  readonly summary = {}
  readonly editKind = 'edit'
  readonly ending: Ending = {
    button: 'Save as a mask',
    key: { shown: 'Ctrl + S', does: 'save as a mask', keys: ['s'] },
    question: 'Save what you drew as a mask?',
    words: {
      note: 'Saving makes a new mask of the case. What it was made from stays as it is.',
      yes: 'Save',
      busy: 'Saving…',
    },
    isDue: async () => true,
    lines: () => [
      gridText(this.scans),
      ...this.troubles.others.map(({ title }) => `Beside: ${title}`),
    ],
    run: (seen) => this.save(seen),
  }

  constructor(
    private readonly data: DrawingPageData,
    private readonly drawing: Drawing,
  ) {}

  get heading(): string {
    return `Case ${this.drawing.case}`
  }

  get home(): string {
    return this.data.case_page
  }

  get what(): string {
    const { parent } = this.drawing
    return parent ? `Correcting ${parent.title}` : 'Drawing from empty'
  }

  get scans() {
    return this.drawing.scans
  }

  get start(): string | null {
    return this.drawing.parent?.labels ?? null
  }

  get probability(): string | null {
    return this.drawing.probability
  }

  get edits() {
    return this.drawing.edits
  }

  get activeMs(): number {
    return this.drawing.active_ms
  }

  get savedAt(): string | null {
    return this.drawing.saved_at
  }

  get minMm3(): number {
    return this.drawing.min_volume_mm3
  }

  begin(desk: Desk): void {
    this.desk = desk
    this.troubles.showMeanwhile(this.drawing.meanwhile)
    this.showResumed()
    void this.loadToDo()
  }

  dots(): readonly Dot[] {
    return this.toDo.update((mm) => this.desk.isDrawnAt(mm))
  }

  noteSaving(state: SavingState): void {
    this.troubles.showSplit(state)
  }

  /** This will say that an unsaved drawing is gone on with, and offer to start anew, or another. */
  private showResumed(): void {
    const { edits, begun_at, saved_at, unsaved } = this.drawing
    if (this.drawing.saved_as || (edits.length === 0 && unsaved.length === 0)) return
    const lines =
      edits.length === 0
        ? ['You start anew. What you drew before and did not save is kept.']
        : [
            `You go on with the drawing that you began ${moment(begun_at)}, last changed ${moment(saved_at ?? begun_at)}.`,
          ]
    this.resumed.hidden = false
    this.resumed.replaceChildren(
      make('p', {}, ...lines),
      make(
        'div',
        { class: 'choices' },
        ...(edits.length > 0
          ? [make('button', { type: 'button', click: () => void this.startAnew() }, 'Start anew')]
          : []),
        ...unsaved.map((other) =>
          make(
            'button',
            { type: 'button', click: () => this.goTo(other.id) },
            `Go on with the one of ${moment(other.begun_at)}`,
          ),
        ),
        make('button', { type: 'button', click: () => (this.resumed.hidden = true) }, 'Close'),
      ),
    )
  }

  /** This will begin another drawing; this one stays, unsaved, and the other page leads back. */
  private async startAnew(): Promise<void> {
    try {
      const id = { id: this.data.id }
      const anew = await request('POST', '/api/v1/drawings/{id}/fork/', id, { edits: 0 })
      this.goTo(anew.id)
    } catch (error) {
      this.desk.say(`Nothing new was begun; this drawing is unchanged. ${explanation(error)}`)
    }
  }

  private goTo(id: string): void {
    this.desk.leaveTo(this.data.drawing_page.replace('ID', id))
  }

  private async loadToDo(): Promise<void> {
    if (!this.drawing.parent) return
    try {
      const id = { id: this.data.id }
      this.toDo.show(await request('GET', '/api/v1/drawings/{id}/to-correct/', id))
      this.desk.refresh()
    } catch (error) {
      this.desk.say(`What raters marked could not be loaded. ${explanation(error)}`)
    }
  }

  private async save(seen: Seen): Promise<() => void> {
    const body = { ...seen, others: this.troubles.others.map(({ id }) => id) }
    try {
      const id = { id: this.data.id }
      const saved = await request('POST', '/api/v1/drawings/{id}/save/', id, body)
      return () => this.desk.leaveTo(maskPage(this.data, saved.id))
    } catch (error) {
      if (error instanceof Refused && error.code === 'SavedMeanwhile') await this.meetOthers()
      throw error
    }
  }

  /** Somebody else has saved a correction of the same mask: theirs is shown beside this one. */
  private async meetOthers(): Promise<void> {
    const { meanwhile } = await request('GET', '/api/v1/drawings/{id}/', { id: this.data.id })
    this.troubles.showMeanwhile(meanwhile)
  }

  private async showOther(other: Segmentation | null): Promise<void> {
    this.looked = other
    try {
      const labels = other && (await loadLabels(await fetchBytes(other.labels)))
      if (this.looked !== other) return // another button was pressed meanwhile
      this.desk.showOther(other && labels && { title: other.title, labels })
    } catch (error) {
      this.troubles.showMeanwhile(this.troubles.others) // no button stays pressed
      this.desk.showOther(null)
      this.desk.say(`${other?.title} could not be loaded. ${explanation(error)}`)
    }
  }

  /** This will go on beside a drawing that went on elsewhere, with what is unsent here. */
  private async fork(): Promise<void> {
    const { outbox, store, drawn } = this.desk
    const pending = await outbox.handOver()
    const first = drawn.edits - pending.length
    const { id, owner } = this.data
    const fork = await request('POST', '/api/v1/drawings/{id}/fork/', { id }, { edits: first })
    // Under new ids: the first may be refused because its own is taken.
    for (const { send } of pending) {
      await store.keep(owner, fork.id, { ...send, id: newUuid() } as Send)
    }
    for (const one of pending) await store.forget(one)
    this.goTo(fork.id)
  }

  /** This will let go of what is unsent here and show what was drawn elsewhere. */
  private async giveUp(): Promise<void> {
    for (const one of await this.desk.outbox.handOver()) await this.desk.store.forget(one)
    this.desk.reload()
  }
}

// The marks of one presentation, with undo and redo. Pure: what must be stored is returned.

import type { Counts, MarkBody, MarkKind, ShownMark } from '../api/types'
import type { Send } from '../saving/outbox'
import type { Triple } from '../voxels/grid'

/** A mark on the page. `key` stays the same when undo brings the mark back under a new id. */
export interface Mark {
  readonly key: string
  readonly id: string
  readonly kind: MarkKind
  readonly lesion: number | null
  readonly mm: Triple
  readonly reason: string
}

type Step =
  | { readonly kind: 'added'; readonly mark: Mark }
  | { readonly kind: 'removed'; readonly mark: Mark }
  | { readonly kind: 'reason'; readonly key: string; readonly from: string; readonly to: string }

/** This will return what is on the page when stored marks and unsent changes are put together. */
export function mergeUnsent(stored: readonly ShownMark[], unsent: readonly Send[]): Mark[] {
  const marks = new Map<string, Mark>()
  for (const { id, kind, lesion, mm, reason } of stored) {
    marks.set(id, { key: id, id, kind, lesion, mm, reason: reason ?? '' })
  }
  for (const send of unsent) {
    if (send.kind === 'mark') {
      const reason = send.body.reason ?? ''
      marks.set(send.id, { key: send.id, id: send.id, ...send.body, reason })
    } else if (send.kind === 'removal') marks.delete(send.id)
  }
  return [...marks.values()]
}

export class Marks {
  private list: readonly Mark[]
  private done: readonly Step[] = []
  private undone: readonly Step[] = []
  private readonly usedUp = new Set<string>()

  constructor(
    start: readonly Mark[],
    private readonly newId: () => string,
  ) {
    this.list = start
  }

  get all(): readonly Mark[] {
    return this.list
  }

  get counts(): Counts {
    const fp = this.list.filter((mark) => mark.kind === 'FP').length
    return { fp, fn: this.list.length - fp }
  }

  get falsePositives(): ReadonlySet<number> {
    return new Set(this.list.flatMap((mark) => mark.lesion ?? []))
  }

  get missed(): readonly Mark[] {
    return this.list.filter((mark) => mark.kind === 'FN')
  }

  get canUndo(): boolean {
    return this.done.length > 0
  }

  get canRedo(): boolean {
    return this.undone.length > 0
  }

  ofLesion(lesion: number): Mark | undefined {
    return this.list.find((mark) => mark.lesion === lesion)
  }

  /** This will mark a drawn lesion as false positive, or an undrawn place (lesion 0) as missed. */
  add(lesion: number, mm: Triple): Send[] {
    const id = this.newId()
    const kind = lesion > 0 ? 'FP' : 'FN'
    const mark: Mark = { key: id, id, kind, lesion: lesion > 0 ? lesion : null, mm, reason: '' }
    return this.take({ kind: 'added', mark })
  }

  remove(key: string): Send[] {
    const mark = this.list.find((other) => other.key === key)
    return mark ? this.take({ kind: 'removed', mark }) : []
  }

  giveReason(key: string, to: string): Send[] {
    const mark = this.list.find((other) => other.key === key)
    if (!mark || mark.reason === to) return []
    return this.take({ kind: 'reason', key, from: mark.reason, to })
  }

  undo(): Send[] {
    const step = this.done.at(-1)
    if (!step) return []
    this.done = this.done.slice(0, -1)
    this.undone = [...this.undone, step]
    if (step.kind === 'added') return this.drop(step.mark.key)
    if (step.kind === 'removed') return this.bring(step.mark)
    return this.change(step.key, step.from)
  }

  redo(): Send[] {
    const step = this.undone.at(-1)
    if (!step) return []
    this.undone = this.undone.slice(0, -1)
    this.done = [...this.done, step]
    return this.apply(step)
  }

  private take(step: Step): Send[] {
    this.done = [...this.done, step]
    this.undone = []
    return this.apply(step)
  }

  private apply(step: Step): Send[] {
    if (step.kind === 'added') return this.bring(step.mark)
    if (step.kind === 'removed') return this.drop(step.mark.key)
    return this.change(step.key, step.to)
  }

  /** A removed mark's id is used up on the server, so a mark that comes back gets a new one. */
  private bring(mark: Mark): Send[] {
    const back = this.usedUp.has(mark.id) ? { ...mark, id: this.newId() } : mark
    this.list = [...this.list, back]
    return [sent(back)]
  }

  private drop(key: string): Send[] {
    const mark = this.list.find((other) => other.key === key)
    if (!mark) return []
    this.usedUp.add(mark.id)
    this.list = this.list.filter((other) => other.key !== key)
    return [{ kind: 'removal', id: mark.id }]
  }

  private change(key: string, reason: string): Send[] {
    const mark = this.list.find((other) => other.key === key)
    if (!mark) return []
    const changed = { ...mark, reason }
    this.list = this.list.map((other) => (other.key === key ? changed : other))
    return [sent(changed)]
  }
}

function sent(mark: Mark): Send {
  const { kind, lesion, mm, reason } = mark
  const body: MarkBody = { kind, lesion, mm: [...mm], reason }
  return { kind: 'mark', id: mark.id, body }
}

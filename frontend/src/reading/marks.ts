// The marks of one presentation, with undo and redo. Pure: what must be stored is returned.

import type { Counts, MarkBody, MarkKind, ShownMark } from '../api/types'
import type { Send } from '../saving/outbox'
import type { Triple } from '../voxels/grid'

/** What a rater says about a mark, and may change. */
interface Said {
  readonly reason: string
  /** How many lesions the mark is to the rater. */
  readonly countsAs: number
  /** Marks of one kind that share this are one lesion to the rater. */
  readonly joined: string | null
}

/** A mark on the page. `key` stays the same when undo brings the mark back under a new id. */
export interface Mark extends Said {
  readonly key: string
  readonly id: string
  readonly kind: MarkKind
  readonly lesion: number | null
  readonly mm: Triple
}

type Edit =
  | { readonly kind: 'added'; readonly mark: Mark; readonly at: number }
  | { readonly kind: 'removed'; readonly mark: Mark; readonly at: number }
  | { readonly kind: 'said'; readonly key: string; readonly from: Said; readonly to: Said }

/** What one action of the rater changes, and one undo takes back. */
type Step = readonly Edit[]

const NOTHING_SAID: Said = { reason: '', countsAs: 1, joined: null }
export const MOST_LESIONS = 99

/** This will return what is on the page when stored marks and unsent changes are put together. */
export function mergeUnsent(stored: readonly ShownMark[], unsent: readonly Send[]): Mark[] {
  const marks = new Map<string, Mark>()
  for (const { id, ...body } of stored) marks.set(id, markOf(id, body))
  for (const send of unsent) {
    if (send.kind === 'mark') marks.set(send.id, markOf(send.id, send.body))
    else if (send.kind === 'removal') marks.delete(send.id)
  }
  return [...marks.values()]
}

function markOf(id: string, body: MarkBody): Mark {
  const { kind, lesion, mm, reason, counts_as, joined } = body
  const said = { reason: reason ?? '', countsAs: counts_as ?? 1, joined: joined ?? null }
  return { key: id, id, kind, lesion, mm, ...said }
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

  /** Every mark once: what the primary analysis counts. */
  get counts(): Counts {
    const fp = this.list.filter((mark) => mark.kind === 'FP').length
    return { fp, fn: this.list.length - fp }
  }

  /** Lesions as the rater counts them: marks that count as several, and several that are one. */
  get corrected(): Counts {
    const lesions = { FP: 0, FN: 0 }
    const groups = new Set<string>()
    for (const { kind, countsAs, joined } of this.list) {
      if (joined === null) lesions[kind] += countsAs
      else if (!groups.has(kind + joined)) {
        groups.add(kind + joined)
        lesions[kind] += 1
      }
    }
    return { fp: lesions.FP, fn: lesions.FN }
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

  /** The other marks that are one lesion with this one. */
  oneWith(mark: Mark): readonly Mark[] {
    return mark.joined === null
      ? []
      : this.likes(mark).filter((like) => like.joined === mark.joined)
  }

  /** This will mark a drawn lesion as false positive, or an undrawn place (lesion 0) as missed. */
  add(lesion: number, mm: Triple): Send[] {
    const id = this.newId()
    const what =
      lesion > 0 ? { kind: 'FP' as const, lesion } : { kind: 'FN' as const, lesion: null }
    const mark: Mark = { key: id, id, ...what, mm, ...NOTHING_SAID }
    return this.take([{ kind: 'added', mark, at: this.list.length }])
  }

  remove(key: string): Send[] {
    const at = this.list.findIndex((other) => other.key === key)
    const mark = this.list[at]
    return mark ? this.take([{ kind: 'removed', mark, at }]) : []
  }

  giveReason(key: string, reason: string): Send[] {
    return this.say([[key, { reason }]])
  }

  /** This will count a mark as so many lesions, which takes it out of those it was one with. */
  countAs(key: string, lesions: number): Send[] {
    const countsAs = Math.max(1, Math.min(MOST_LESIONS, Math.round(lesions) || 1))
    return this.say([...this.parting(key), [key, { countsAs, joined: null }]])
  }

  /** This will make a mark one lesion with another of its kind and those that it is one with. */
  join(key: string, other: string): Send[] {
    const [mark, with_] = [this.of(key), this.of(other)]
    if (!mark || !with_ || mark === with_ || mark.kind !== with_.kind) return []
    if (mark.joined !== null && mark.joined === with_.joined) return []
    const joined = with_.joined ?? this.newId()
    const together = { countsAs: 1, joined }
    return this.say([...this.parting(key), [with_.key, together], [key, together]])
  }

  /** This will make a mark a lesion of its own again. */
  part(key: string): Send[] {
    return this.say([...this.parting(key), [key, { joined: null }]])
  }

  /** The mark of the same kind that was made before this one. */
  before(mark: Mark): Mark | undefined {
    const at = this.list.indexOf(mark)
    return this.list.slice(0, at).findLast((other) => other.kind === mark.kind)
  }

  undo(): Send[] {
    const step = this.done.at(-1)
    if (!step) return []
    this.done = this.done.slice(0, -1)
    this.undone = [...this.undone, step]
    return step.toReversed().flatMap((edit) => {
      if (edit.kind === 'added') return this.drop(edit.mark.key)
      if (edit.kind === 'removed') return this.bring(edit.mark, edit.at)
      return this.change(edit.key, edit.from)
    })
  }

  redo(): Send[] {
    const step = this.undone.at(-1)
    if (!step) return []
    this.undone = this.undone.slice(0, -1)
    this.done = [...this.done, step]
    return this.apply(step)
  }

  private of(key: string): Mark | undefined {
    return this.list.find((mark) => mark.key === key)
  }

  private likes(mark: Mark): readonly Mark[] {
    return this.list.filter((other) => other.kind === mark.kind && other.key !== mark.key)
  }

  /** What becomes of the mark that would be left alone: one by itself is joined with nothing. */
  private parting(key: string): [string, Partial<Said>][] {
    const mark = this.of(key)
    const [left, ...more] = mark ? this.oneWith(mark) : []
    return left && more.length === 0 ? [[left.key, { joined: null }]] : []
  }

  private say(changes: readonly [string, Partial<Said>][]): Send[] {
    const edits = changes.flatMap(([key, change]): Edit[] => {
      const mark = this.of(key)
      if (!mark) return []
      const { reason, countsAs, joined } = mark
      const from = { reason, countsAs, joined }
      const to = { ...from, ...change }
      const isSame = to.reason === reason && to.countsAs === countsAs && to.joined === joined
      return isSame ? [] : [{ kind: 'said', key, from, to }]
    })
    return edits.length > 0 ? this.take(edits) : []
  }

  private take(step: Step): Send[] {
    this.done = [...this.done, step]
    this.undone = []
    return this.apply(step)
  }

  private apply(step: Step): Send[] {
    return step.flatMap((edit) => {
      if (edit.kind === 'added') return this.bring(edit.mark, edit.at)
      if (edit.kind === 'removed') return this.drop(edit.mark.key)
      return this.change(edit.key, edit.to)
    })
  }

  /** A removed mark's id is used up on the server, so a mark that comes back gets a new one. */
  private bring(mark: Mark, at: number): Send[] {
    const back = this.usedUp.has(mark.id) ? { ...mark, id: this.newId() } : mark
    this.list = this.list.toSpliced(at, 0, back)
    return [sent(back)]
  }

  private drop(key: string): Send[] {
    const mark = this.of(key)
    if (!mark) return []
    this.usedUp.add(mark.id)
    this.list = this.list.filter((other) => other.key !== key)
    return [{ kind: 'removal', id: mark.id }]
  }

  private change(key: string, said: Said): Send[] {
    const mark = this.of(key)
    if (!mark) return []
    const changed = { ...mark, ...said }
    this.list = this.list.map((other) => (other.key === key ? changed : other))
    return [sent(changed)]
  }
}

function sent(mark: Mark): Send {
  const { kind, lesion, mm, reason, countsAs, joined } = mark
  const body: MarkBody = { kind, lesion, mm: [...mm], reason, counts_as: countsAs, joined }
  return { kind: 'mark', id: mark.id, body }
}

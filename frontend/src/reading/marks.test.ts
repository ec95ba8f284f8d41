import { expect, test } from 'vitest'
import { ActivityClock, IDLE_AFTER_MS } from '../saving/activity'
import { Marks, mergeUnsent } from './marks'

function newMarks(): Marks {
  let next = 0
  return new Marks([], () => {
    next += 1
    return `id-${next}`
  })
}

test('a click on a lesion is a false positive, elsewhere a missed lesion', () => {
  const marks = newMarks()
  marks.add(4, [1, 2, 3])
  marks.add(0, [4, 5, 6])
  expect(marks.counts).toEqual({ fp: 1, fn: 1 })
  expect([...marks.falsePositives]).toEqual([4])
  expect(marks.ofLesion(4)?.kind).toBe('FP')
})

test('undo and redo go back and forth through everything', () => {
  const marks = newMarks()
  const [sent] = marks.add(4, [1, 2, 3])
  const key = marks.all[0]?.key ?? ''
  marks.giveReason(key, 'vessel')
  marks.remove(key)
  expect(marks.counts).toEqual({ fp: 0, fn: 0 })
  marks.undo()
  expect(marks.all[0]?.reason).toBe('vessel')
  marks.undo()
  expect(marks.all[0]?.reason).toBe('')
  marks.undo()
  expect(marks.canUndo).toBe(false)
  expect(marks.all).toEqual([])
  marks.redo()
  marks.redo()
  expect(marks.all[0]?.reason).toBe('vessel')
  expect(sent).toMatchObject({ kind: 'mark', id: 'id-1' })
})

test('a mark that comes back has a new id, since the old one is used up', () => {
  const marks = newMarks()
  marks.add(0, [1, 2, 3])
  expect(marks.undo()).toEqual([{ kind: 'removal', id: 'id-1' }])
  expect(marks.redo()).toMatchObject([{ kind: 'mark', id: 'id-2' }])
})

test('a new mark ends what could be redone', () => {
  const marks = newMarks()
  marks.add(0, [1, 2, 3])
  marks.undo()
  marks.add(0, [4, 5, 6])
  expect(marks.canRedo).toBe(false)
})

test('a mark can be several lesions, and several marks one; each by one undo', () => {
  const marks = newMarks()
  for (const lesion of [1, 2, 3, 0, 0]) marks.add(lesion, [lesion, 0, 0])
  const [one, two, three, dot, other] = marks.all.map((mark) => mark.key)
  marks.countAs(dot ?? '', 3)
  expect(marks.counts).toEqual({ fp: 3, fn: 2 })
  expect(marks.corrected).toEqual({ fp: 3, fn: 4 })
  const sends = marks.join(two ?? '', one ?? '')
  expect(sends).toMatchObject([{ id: 'id-1' }, { id: 'id-2' }])
  expect(marks.corrected).toEqual({ fp: 2, fn: 4 })
  marks.join(three ?? '', two ?? '')
  expect(marks.corrected).toEqual({ fp: 1, fn: 4 })
  expect(marks.join(three ?? '', dot ?? ''), 'marks of two kinds').toEqual([])
  marks.join(other ?? '', dot ?? '')
  expect(marks.corrected, 'joining makes it one').toEqual({ fp: 1, fn: 1 })
  marks.undo()
  expect(marks.corrected).toEqual({ fp: 1, fn: 4 })
  marks.undo()
  marks.undo()
  expect(marks.corrected).toEqual({ fp: 3, fn: 4 })
  marks.redo()
  const bodies = marks.all.map(({ countsAs, joined }) => [countsAs, joined !== null])
  expect(bodies).toEqual([
    [1, true],
    [1, true],
    [1, false],
    [3, false],
    [1, false],
  ])
  marks.part(one ?? '')
  expect(
    marks.all.every((mark) => mark.joined === null),
    'none is left alone',
  ).toBe(true)
})

test('a mark that undo brings back is where it was, and what it was', () => {
  const marks = newMarks()
  for (const lesion of [1, 2, 3]) marks.add(lesion, [lesion, 0, 0])
  const [one, two] = marks.all.map((mark) => mark.key)
  marks.join(two ?? '', one ?? '')
  marks.remove(one ?? '')
  expect(marks.undo()).toMatchObject([{ kind: 'mark', body: { lesion: 1, joined: 'id-4' } }])
  expect(marks.all.map((mark) => mark.lesion)).toEqual([1, 2, 3])
})

test('what was not sent is put on top of what is stored', () => {
  const stored = [
    {
      id: 'a',
      kind: 'FP' as const,
      lesion: 1,
      mm: [0, 0, 0] as [number, number, number],
      reason: '',
      counts_as: 1,
      joined: null,
    },
    {
      id: 'b',
      kind: 'FN' as const,
      lesion: null,
      mm: [1, 1, 1] as [number, number, number],
      reason: '',
      counts_as: 1,
      joined: null,
    },
  ]
  const body = {
    kind: 'FN' as const,
    lesion: null,
    mm: [2, 2, 2] as [number, number, number],
    reason: '',
    counts_as: 1,
  }
  const merged = mergeUnsent(stored, [
    { kind: 'removal', id: 'a' },
    { kind: 'mark', id: 'c', body },
    { kind: 'comment', comment: 'x' },
  ])
  expect(merged.map((mark) => mark.id)).toEqual(['b', 'c'])
})

test('hidden tabs and long pauses are no reading time', () => {
  let now = 0
  const clock = new ActivityClock(() => now)
  clock.sign()
  now = 10_000
  clock.sign()
  now = 10_000 + 10 * IDLE_AFTER_MS
  clock.sign()
  clock.hide()
  now += 500_000
  clock.sign()
  expect(clock.activeMs).toBe(10_000 + IDLE_AFTER_MS)
})

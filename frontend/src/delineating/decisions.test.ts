import { expect, test } from 'vitest'
import type { CandidateDot, DotChoice } from '../api/types'
import { type Grid, linearIndex } from '../voxels/grid'
import { LesionMap } from '../voxels/lesionMap'
import {
  countsOf,
  dotBefore,
  isFromProposal,
  nextDot,
  unfinished,
  voxelsWithin,
  withUnsent,
} from './decisions'

const GRID: Grid = { shape: [12, 10, 6], affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1] }

function dot(position: number, choice: DotChoice | null, x = 0): CandidateDot {
  return {
    dot: `d${position}`,
    position,
    voxel: [x, 5, 2],
    mm: [x, 5, 6],
    choice,
    from_proposal: false,
    proposal: null,
  }
}

test('the next dot is one without a decision as long as there is any', () => {
  const dots = [dot(1, null), dot(2, 'lesion'), dot(3, 'unsure'), dot(4, null)]
  expect([-1, 0, 1, 3].map((at) => nextDot(dots, at))).toEqual([0, 3, 3, 0])
  const all = dots.map((one) => ({ ...one, choice: 'unsure' as const }))
  expect([0, 3].map((at) => nextDot(all, at))).toEqual([1, 0])
  expect([0, 3, -1].map((at) => dotBefore(all, at))).toEqual([3, 2, 3])
  expect([nextDot([], -1), dotBefore([], -1)]).toEqual([-1, -1])
})

test('what was not sent yet counts before what the server knows, the newest last', () => {
  const decision = (id: string, about: string, choice: DotChoice) =>
    ({ kind: 'decision', id, dot: about, body: { choice, from_proposal: false } }) as const
  const dots = withUnsent(
    [dot(1, 'lesion'), dot(2, null), dot(3, null)],
    [decision('a', 'd1', 'unsure'), decision('b', 'd2', 'unsure'), decision('c', 'd2', 'lesion')],
  )
  expect(dots.map(({ choice }) => choice)).toEqual(['unsure', 'lesion', null])
  expect(countsOf(dots)).toEqual([
    '1 of 3 dots called a lesion',
    '0 called not a lesion',
    '1 unsure',
  ])
})

test('a dot reaches the voxels around it by millimetres, and none beyond the scan', () => {
  const found = voxelsWithin([0, 5, 6], 3, GRID)
  expect(found).toContain(linearIndex([3, 5, 2], GRID.shape))
  expect(found).toContain(linearIndex([0, 5, 3], GRID.shape))
  expect(found).not.toContain(linearIndex([1, 5, 3], GRID.shape))
  // In its plane the half disc with a radius of 3: 7 + 5 + 5 + 1; above and below one voxel each.
  expect(found.length).toBe(18 + 2)
})

test('undecided dots, dots without a lesion and lesions without a dot are found', () => {
  const mask = new Uint8Array(12 * 10 * 6)
  for (const x of [1, 9]) mask[linearIndex([x, 5, 2], GRID.shape)] = 1
  const map = new LesionMap(GRID.shape, mask)
  const at = (x: number): number => map.labels[linearIndex([x, 5, 2], GRID.shape)] ?? 0
  const found = (...choices: (DotChoice | null)[]) => {
    const dots = choices.map((choice, place) => dot(place + 1, choice, [0, 5, 10][place]))
    return unfinished(
      dots,
      dots.map(({ mm }) => voxelsWithin(mm, 2, GRID)),
      map,
    )
  }
  expect(found('lesion', 'unsure', 'lesion')).toEqual({ undecided: [], bare: [], stray: [] })
  expect(found(null, 'lesion', 'lesion')).toEqual({ undecided: [0], bare: [1], stray: [at(1)] })
})

test('a lesion is from its proposal until that is undone', () => {
  const one = { ...dot(1, 'lesion'), proposal: [40, 3, 52, 2] }
  const change = (tool: string, added: number[]) => ({ tool, added, removed: [], accepted: [] })
  expect(isFromProposal(one, [change('brush', [40, 3])])).toBe(false)
  expect(isFromProposal(one, [change('proposal', [53, 1])])).toBe(true)
  expect(isFromProposal(one, [change('proposal', [43, 2])])).toBe(false)
  expect(isFromProposal({ ...one, proposal: null }, [change('proposal', [40, 3])])).toBe(false)
})

// What is decided about the dots of a case, and what still stands between them and submitting.

import type { CandidateDot, DotChoice } from '../api/types'
import type { Change } from '../editor/history'
import type { Send } from '../saving/outbox'
import { type Grid, isInside, linearIndex, mmOfVoxel, type Triple, voxelOfMm } from '../voxels/grid'
import type { LesionMap } from '../voxels/lesionMap'
import { voxelsOf } from '../voxels/runs'

export const CHOICES: readonly { readonly choice: DotChoice; readonly name: string }[] = [
  { choice: 'lesion', name: 'Lesion' },
  { choice: 'not_a_lesion', name: 'Not a lesion' },
  { choice: 'unsure', name: 'Unsure' },
]

export type Decided = Pick<CandidateDot, 'choice' | 'from_proposal'>

/** This will put what an earlier page could not send over what the server knows. */
export function withUnsent(
  dots: readonly CandidateDot[],
  unsent: readonly Send[],
): readonly CandidateDot[] {
  const later = new Map(
    unsent.flatMap((send) => (send.kind === 'decision' ? [[send.dot, send.body] as const] : [])),
  )
  return dots.map((dot) => ({ ...dot, ...later.get(dot.dot) }))
}

/** The place of the next dot without a decision after `at`, from the start again; else the next. */
export function nextDot(dots: readonly Decided[], at: number): number {
  if (dots.length === 0) return -1
  for (let step = 1; step <= dots.length; step += 1) {
    const place = (at + step) % dots.length
    if (dots[place]?.choice === null) return place
  }
  return (at + 1) % dots.length
}

/** The place of the dot before `at`; the last one comes before the first. */
export function dotBefore(dots: readonly Decided[], at: number): number {
  return dots.length === 0 ? -1 : (Math.max(0, at) - 1 + dots.length) % dots.length
}

export function decidedOf(dots: readonly Decided[]): number {
  return dots.filter(({ choice }) => choice !== null).length
}

/** The counts to be confirmed: "3 dots called a lesion, 1 of them begun from its proposal", ... */
export function countsOf(dots: readonly Decided[]): readonly string[] {
  const of = (wanted: DotChoice): number => dots.filter(({ choice }) => choice === wanted).length
  const proposed = dots.filter(({ from_proposal }) => from_proposal).length
  return [
    `${of('lesion')} of ${dots.length} dots called a lesion${
      proposed ? `, ${proposed} of them begun from a proposal` : ''
    }`,
    `${of('not_a_lesion')} called not a lesion`,
    `${of('unsure')} unsure`,
  ]
}

/** The voxels of a grid whose centres are at most `reachMm` from a place. */
export function voxelsWithin(mm: Triple, reachMm: number, grid: Grid): readonly number[] {
  const centre = voxelOfMm(mm, grid)
  const span = ([0, 1, 2] as const).map((axis) => {
    const a = (row: number): number => grid.affine[4 * row + axis] ?? 0
    return Math.ceil(reachMm / Math.hypot(a(0), a(1), a(2))) + 1
  })
  // Oblique axes stay at right angles, so a box of voxels holds the ball.
  const [di, dj, dk] = [span[0] ?? 0, span[1] ?? 0, span[2] ?? 0]
  const found: number[] = []
  for (let k = centre[2] - dk; k <= centre[2] + dk; k += 1)
    for (let j = centre[1] - dj; j <= centre[1] + dj; j += 1)
      for (let i = centre[0] - di; i <= centre[0] + di; i += 1) {
        const voxel: Triple = [i, j, k]
        if (!isInside(voxel, grid.shape)) continue
        const [x, y, z] = mmOfVoxel(voxel, grid)
        if (Math.hypot(x - mm[0], y - mm[1], z - mm[2]) <= reachMm) {
          found.push(linearIndex(voxel, grid.shape))
        }
      }
  return found
}

/** The places of dots, and the numbers of lesions, that do not fit together yet. */
export interface Unfinished {
  readonly undecided: readonly number[]
  /** Dots called a lesion with nothing drawn at them. */
  readonly bare: readonly number[]
  /** Lesions at no dot that was called one. */
  readonly stray: readonly number[]
}

/** `near` lists for each dot the voxels within reach. The server has the last word on it. */
export function unfinished(
  dots: readonly Decided[],
  near: readonly (readonly number[])[],
  map: Pick<LesionMap, 'labels' | 'lesions'>,
): Unfinished {
  const undecided: number[] = []
  const bare: number[] = []
  const known = new Set<number>()
  for (const [place, { choice }] of dots.entries()) {
    if (choice === null) undecided.push(place)
    if (choice !== 'lesion') continue
    const there = new Set((near[place] ?? []).map((voxel) => map.labels[voxel] ?? 0))
    there.delete(0)
    if (there.size === 0) bare.push(place)
    for (const lesion of there) known.add(lesion)
  }
  return { undecided, bare, stray: [...map.lesions.keys()].filter((id) => !known.has(id)) }
}

/** Whether voxels of a dot's proposal were drawn from it and that was not undone. */
export function isFromProposal(dot: CandidateDot, standing: readonly Change[]): boolean {
  if (!dot.proposal) return false
  const proposed = new Set(voxelsOf(dot.proposal))
  return standing.some(
    ({ tool, added }) =>
      tool === 'proposal' && voxelsOf(added).some((voxel) => proposed.has(voxel)),
  )
}

// The mask while somebody draws it: its lesions, what was done, and what the server must hear.

import type { EditBody, StoredEdit } from '../api/types'
import { newUuid } from '../elements'
import { isEdit, type Send } from '../saving/outbox'
import { type Grid, mmOfVoxel, type Triple, voxelOfIndex } from '../voxels/grid'
import { LesionMap } from '../voxels/lesionMap'
import { runsOf, voxelsOf } from '../voxels/runs'
import { type Change, type Edit, History } from './history'

/** A lesion as the list shows it. */
export interface DrawnLesion {
  readonly id: number
  readonly voxels: number
  readonly mm3: number
  /** Whether it is below the size that counts. */
  readonly isSmall: boolean
  readonly isAccepted: boolean
}

export interface DrawnSettings {
  readonly grid: Grid
  /** The mask that is corrected; null begins from empty. */
  readonly start: ArrayLike<number> | null
  readonly edits: readonly Edit[]
  readonly minMm3: number
  /** Called with every edit for the server, and with the voxels that look different now. */
  readonly onEdit: (edit: Edit, voxels: readonly number[]) => void
}

export class Drawn {
  readonly map: LesionMap
  private readonly history: History
  private readonly accepted = new Set<number>()
  private readonly voxelMm3: number

  constructor(private readonly settings: DrawnSettings) {
    const { grid, start, edits } = settings
    this.history = new History(edits, newUuid)
    const mask = Uint8Array.from(
      start ?? new Uint8Array(grid.shape[0] * grid.shape[1] * grid.shape[2]),
    )
    for (const change of this.history.standing) {
      for (const voxel of voxelsOf(change.removed)) mask[voxel] = 0
      for (const voxel of voxelsOf(change.added)) mask[voxel] = 1
      this.toggle(change.accepted)
    }
    this.map = new LesionMap(grid.shape, mask)
    this.voxelMm3 = volumeOf(grid)
  }

  get edits(): number {
    return this.history.edits
  }

  /** The changes that stand, in their order. */
  get standing(): readonly Change[] {
    return this.history.standing
  }

  get canUndo(): boolean {
    return this.history.canUndo
  }

  get canRedo(): boolean {
    return this.history.canRedo
  }

  /** The numbers of the accepted lesions. */
  get acceptedLesions(): ReadonlySet<number> {
    return new Set([...this.accepted].map((voxel) => this.map.labels[voxel] ?? 0))
  }

  /** The axial slices that lesions are on. */
  get slices(): ReadonlySet<number> {
    const { shape } = this.settings.grid
    const perSlice = shape[0] * shape[1]
    const slices = new Set<number>()
    for (const members of this.map.lesions.values()) {
      for (const voxel of members) slices.add(Math.floor(voxel / perSlice))
    }
    return slices
  }

  /** The lesions from the bottom of the brain to the top. */
  get lesions(): readonly DrawnLesion[] {
    const accepted = this.acceptedLesions
    return [...this.map.lesions]
      .sort(([, one], [, other]) => (one[0] ?? 0) - (other[0] ?? 0))
      .map(([id]) => this.lesion(id, accepted))
  }

  lesion(id: number, accepted = this.acceptedLesions): DrawnLesion {
    const members = this.map.voxelsOf(id)
    const mm3 = members.length * this.voxelMm3
    return {
      id,
      voxels: members.length,
      mm3,
      isSmall: Number(mm3.toFixed(6)) < this.settings.minMm3,
      isAccepted: accepted.has(id),
    }
  }

  /** The voxel of a lesion that is nearest to its centre. */
  centreOf(id: number): Triple {
    const { grid } = this.settings
    const places = this.map.voxelsOf(id).map((voxel) => voxelOfIndex(voxel, grid.shape))
    const mean = ([0, 1, 2] as const).map(
      (axis) => places.reduce((sum, place) => sum + place[axis], 0) / Math.max(1, places.length),
    )
    const mm = mmOfVoxel([mean[0] ?? 0, mean[1] ?? 0, mean[2] ?? 0], grid)
    const apart = (place: Triple): number => {
      const there = mmOfVoxel(place, grid)
      return Math.hypot(there[0] - mm[0], there[1] - mm[1], there[2] - mm[2])
    }
    return places.reduce(
      (best, place) => (apart(place) < apart(best) ? place : best),
      places[0] ?? [0, 0, 0],
    )
  }

  /** This will make some voxels lesion and others not; what is so already is left out. */
  change(tool: string, add: Iterable<number>, remove: Iterable<number> = []): boolean {
    const added = [...new Set(add)].filter((voxel) => voxel >= 0 && !this.map.has(voxel))
    const adding = new Set(added)
    const removed = [...new Set(remove)].filter(
      (voxel) => voxel >= 0 && this.map.has(voxel) && !adding.has(voxel),
    )
    if (added.length === 0 && removed.length === 0) return false
    const edit = this.history.take({
      tool,
      added: runsOf(added),
      removed: runsOf(removed),
      accepted: [],
    })
    this.settings.onEdit(edit, this.map.change(added, removed))
    return true
  }

  /** This will accept a lesion, or no longer. */
  accept(id: number): void {
    const members = this.map.voxelsOf(id)
    const there = members.filter((voxel) => this.accepted.has(voxel))
    const accepted = there.length > 0 ? there : members.slice(0, 1)
    if (accepted.length === 0) return
    this.toggle(accepted)
    const edit = this.history.take({ tool: 'accept', added: [], removed: [], accepted })
    this.settings.onEdit(edit, members)
  }

  undo(): void {
    const back = this.history.undo()
    if (back) this.settings.onEdit(back.edit, this.apply(back.change, false))
  }

  redo(): void {
    const again = this.history.redo()
    if (again) this.settings.onEdit(again.edit, this.apply(again.change, true))
  }

  private apply(change: Change, forwards: boolean): readonly number[] {
    const [added, removed] = [voxelsOf(change.added), voxelsOf(change.removed)]
    this.toggle(change.accepted)
    const touched = forwards ? this.map.change(added, removed) : this.map.change(removed, added)
    const lesions = new Set(change.accepted.map((voxel) => this.map.labels[voxel] ?? 0))
    return [...touched, ...[...lesions].flatMap((id) => this.map.voxelsOf(id))]
  }

  private toggle(voxels: readonly number[]): void {
    for (const voxel of voxels) if (!this.accepted.delete(voxel)) this.accepted.add(voxel)
  }
}

/** The volume of a voxel in mm3. */
function volumeOf({ affine }: Grid): number {
  const a = (row: number, column: number): number => affine[4 * row + column] ?? 0
  return Math.abs(
    a(0, 0) * (a(1, 1) * a(2, 2) - a(1, 2) * a(2, 1)) -
      a(0, 1) * (a(1, 0) * a(2, 2) - a(1, 2) * a(2, 0)) +
      a(0, 2) * (a(1, 0) * a(2, 1) - a(1, 1) * a(2, 0)),
  )
}

/** The edits of a drawing: those that the server has, then those that an earlier page kept. */
export function editsOf(stored: readonly StoredEdit[], unsent: readonly Send[]): readonly Edit[] {
  const known = new Set(stored.map(({ id }) => id))
  const kept = unsent.flatMap((send) =>
    isEdit(send) && !known.has(send.id) ? [{ id: send.id, ...send.body }] : [],
  )
  return [...stored, ...kept]
}

export function bodyOf(edit: Edit, activeMs: number): EditBody {
  const { number, kind, tool, added, removed, accepted } = edit
  return {
    number,
    kind,
    tool,
    added: [...added],
    removed: [...removed],
    accepted: [...accepted],
    active_ms: activeMs,
  }
}

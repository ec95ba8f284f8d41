// A mask that is being drawn, as its lesions: parts that touch, corners included. What changes is
// labelled anew, nothing else is looked at.

import { type Triple, voxelCount, voxelOfIndex } from './grid'
import { voxelDigest } from './runs'

const MOST_LESIONS = 65_534
const PENDING = 65_535

class TooManyLesions extends Error {
  override name = 'TooManyLesions'
}

export class LesionMap {
  /** The lesion at each voxel, 0 where nothing is drawn. A lesion keeps its number while it lasts. */
  readonly labels: Uint16Array
  private readonly members = new Map<number, readonly number[]>()
  private readonly former: Uint16Array
  private sum = 0
  private drawn = 0

  /** `mask` holds something other than 0 where there is a lesion; without one it begins empty. */
  constructor(
    readonly shape: Triple,
    mask?: ArrayLike<number>,
  ) {
    this.labels = new Uint16Array(voxelCount(shape))
    this.former = new Uint16Array(voxelCount(shape))
    if (!mask) return
    const there: number[] = []
    for (let voxel = 0; voxel < this.labels.length; voxel += 1) if (mask[voxel]) there.push(voxel)
    this.change(there, [])
  }

  /** The lesions by number, with their voxels, of which the lowest is the first. */
  get lesions(): ReadonlyMap<number, readonly number[]> {
    return this.members
  }

  get voxels(): number {
    return this.drawn
  }

  /** The number by which the server knows the mask again. */
  get digest(): number {
    return this.sum >>> 0
  }

  has(voxel: number): boolean {
    return this.labels[voxel] !== 0
  }

  voxelsOf(lesion: number): readonly number[] {
    return this.members.get(lesion) ?? []
  }

  /**
   * This will add and remove voxels and return those whose lesion may be another one now. Voxels
   * that are there already, or are not there, must not be named.
   */
  change(added: readonly number[], removed: readonly number[]): number[] {
    const touched = new Set<number>()
    for (const voxel of removed) touched.add(this.labels[voxel] ?? 0)
    for (const voxel of added) this.neighbours(voxel, (other) => touched.add(other))
    touched.delete(0)
    for (const voxel of removed) this.put(voxel, 0)
    const pool: number[] = []
    for (const lesion of touched) {
      for (const voxel of this.voxelsOf(lesion)) {
        if (this.labels[voxel] !== lesion) continue
        this.former[voxel] = lesion
        this.labels[voxel] = PENDING
        pool.push(voxel)
      }
      this.members.delete(lesion)
    }
    for (const voxel of added) {
      this.put(voxel, PENDING)
      this.former[voxel] = 0
      pool.push(voxel)
    }
    this.name(this.parts(pool))
    return [...pool, ...removed]
  }

  private put(voxel: number, label: number): void {
    this.labels[voxel] = label
    this.sum ^= voxelDigest(voxel)
    this.drawn += label === 0 ? -1 : 1
  }

  /** The parts of voxels that are PENDING, each with its lowest voxel first. */
  private parts(pool: readonly number[]): number[][] {
    const found: number[][] = []
    for (const seed of pool) {
      if (this.labels[seed] !== PENDING) continue
      const part = [seed]
      let lowest = 0
      this.labels[seed] = 0
      for (let at = 0; at < part.length; at += 1) {
        const here = part[at] ?? 0
        if (here < (part[lowest] ?? 0)) lowest = at
        this.neighbours(here, (label, voxel) => {
          if (label !== PENDING) return
          this.labels[voxel] = 0
          part.push(voxel)
        })
      }
      part[0] = part[lowest] ?? seed
      part[lowest] = seed
      found.push(part)
    }
    return found
  }

  /** This will give each part the number that most of its voxels had, the largest first. */
  private name(parts: readonly number[][]): void {
    const fresh = new Set(parts)
    for (const part of parts.toSorted((one, other) => other.length - one.length)) {
      const lesion = this.formerlyMost(part)
      if (lesion === 0) continue
      this.call(part, lesion)
      fresh.delete(part)
    }
    let lesion = 1
    for (const part of fresh) {
      while (this.members.has(lesion)) lesion += 1
      if (lesion > MOST_LESIONS)
        throw new TooManyLesions(`At most ${MOST_LESIONS} lesions can be drawn.`)
      this.call(part, lesion)
    }
  }

  /** The lesion that most voxels of a part belonged to and whose number is free; 0 for none. */
  private formerlyMost(part: readonly number[]): number {
    const shares = new Map<number, number>()
    for (const voxel of part) {
      const lesion = this.former[voxel] ?? 0
      if (lesion && !this.members.has(lesion)) shares.set(lesion, (shares.get(lesion) ?? 0) + 1)
    }
    let [found, most] = [0, 0]
    for (const [lesion, share] of shares) if (share > most) [found, most] = [lesion, share]
    return found
  }

  private call(part: readonly number[], lesion: number): void {
    this.members.set(lesion, part)
    for (const voxel of part) this.labels[voxel] = lesion
  }

  private neighbours(voxel: number, see: (label: number, voxel: number) => void): void {
    const [nx, ny, nz] = this.shape
    const [x, y, z] = voxelOfIndex(voxel, this.shape)
    for (let k = Math.max(0, z - 1); k <= Math.min(nz - 1, z + 1); k += 1) {
      for (let j = Math.max(0, y - 1); j <= Math.min(ny - 1, y + 1); j += 1) {
        for (let i = Math.max(0, x - 1); i <= Math.min(nx - 1, x + 1); i += 1) {
          const other = i + nx * (j + ny * k)
          if (other !== voxel) see(this.labels[other] ?? 0, other)
        }
      }
    }
  }
}

// The volumes of presentations: the one to be shown, and the next one while this one is read.

import { fetchBytes } from '../api/client'
import type { Following } from '../api/types'
import { type LoadedScan, loadBeside, loadLabels, loadScan } from '../viewer/load'
import type { LabelVolume } from '../voxels/labels'

export interface Volumes {
  readonly scan: LoadedScan
  readonly mask: LabelVolume
  /** On the grid of the scan; null where there is none. */
  readonly t1: LoadedScan | null
}

export class Ahead {
  private prepared: { readonly presentation: string; readonly volumes: Promise<Volumes> } | null =
    null

  /** This will fetch and parse the next presentation in the background; null: there is none. */
  prepare(next: Following | null): void {
    if (next?.presentation === this.prepared?.presentation) return
    this.prepared = next && { presentation: next.presentation, volumes: fetchVolumes(next) }
    this.prepared?.volumes.catch(() => {}) // it is tried again when its turn comes
  }

  /** This will give the volumes of a presentation: prepared ones, or fetched now. */
  async take(wanted: Following): Promise<Volumes> {
    const { prepared } = this
    this.prepared = null
    if (prepared?.presentation !== wanted.presentation) return fetchVolumes(wanted)
    return prepared.volumes.catch(() => fetchVolumes(wanted))
  }
}

/** This will fetch and parse a scan, its mask and its T1. Raises Refused, Unreachable, UnusableVolume. */
async function fetchVolumes({ image, mask, t1 }: Following): Promise<Volumes> {
  const [scan, labels, beside] = await Promise.all([
    fetchBytes(image).then(loadScan),
    fetchBytes(mask).then(loadLabels),
    t1 ? fetchBytes(t1) : null,
  ])
  return { scan, mask: labels, t1: beside && (await loadBeside(beside, scan)) }
}

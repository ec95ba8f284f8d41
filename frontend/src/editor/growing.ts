// A lesion segmented by a click: what hangs together with the clicked voxel and is as bright, or by
// the map of the method as likely. What goes on too far has leaked and is refused.

import type { Grid } from '../voxels/grid'
import { grown } from '../voxels/grow'
import type { Settings } from './palette'

/** A method whose map says less than this at a place saw nothing there. */
const LEAST_LIKELY = 0.01

/** This will list the voxels of the lesion at `seed`, or say why there are none. */
export function segmented(
  seed: number,
  scan: ArrayLike<number>,
  probability: ArrayLike<number> | null,
  { by, tolerance, reachMm }: Settings,
  grid: Grid,
): readonly number[] | string {
  const map = by === 'map' ? probability : null
  const values = map ?? scan
  const here = values[seed] ?? 0
  if (map && here < LEAST_LIKELY) {
    return 'Nothing was drawn: the method saw no lesion here. Grow by the grey level instead.'
  }
  const least = here * (1 - tolerance / 100)
  const found = grown([seed], (voxel) => (values[voxel] ?? 0) >= least, reachMm, grid)
  if (found) return found
  const [like, setting] = map ? ['likely', 'Less likely by'] : ['bright', 'Darker by']
  return `Nothing was drawn: what is as ${like} goes on beyond ${reachMm} mm. Lower "${setting}", or raise "Reach".`
}

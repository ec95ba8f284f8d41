// On which grid is drawn, in words.

import type { EditedScan } from './task'

/** What is said of the voxels, for whoever takes the mask elsewhere. */
export function gridText(scans: readonly EditedScan[]): string {
  const flair = scans.find(({ sequence }) => sequence === 'FLAIR')
  const size = flair?.shape.join(' × ')
  const spacing = flair?.spacing_mm.map((mm) => mm.toFixed(2)).join(' × ')
  return `What you draw lies exactly on the grid of the FLAIR: ${size} voxels of ${spacing} mm.`
}

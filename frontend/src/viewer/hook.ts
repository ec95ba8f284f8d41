// `window.plaque`: a read-only view for browser tests, so that they can click on known voxels.
// It holds nothing that the page does not show or hold anyway.

import type { Triple } from '../voxels/grid'
import type { Viewer } from './viewer'

export interface PlaqueHook {
  /** Whether a scan is on the screen and takes input. */
  readonly ready: boolean
  readonly viewer: {
    voxelAt(mm: Triple): Triple | null
    mmAt(voxel: Triple): Triple | null
    crosshairMm(): Triple
    /** CSS pixels of the page, or null while the slice of that place is not shown. */
    canvasPointOf(mm: Triple): { x: number; y: number } | null
    goTo(mm: Triple): void
    drawCounts(): { lesion: number; fp: number }
  }
  state(): unknown
}

declare global {
  interface Window {
    plaque?: PlaqueHook
  }
}

export function exposeHook(viewer: Viewer, isReady: () => boolean, state: () => object): void {
  window.plaque = Object.freeze({
    get ready() {
      return isReady()
    },
    viewer: Object.freeze({
      voxelAt: (mm: Triple) => viewer.voxelAt(mm),
      mmAt: (voxel: Triple) => viewer.mmAt(voxel),
      crosshairMm: () => viewer.atCrosshair().place.mm,
      canvasPointOf: (mm: Triple) => viewer.canvasPointOf(mm),
      goTo: (mm: Triple) => viewer.goTo(mm),
      drawCounts: () => viewer.drawCounts(),
    }),
    state: () => ({ ...viewer.state, ...state() }),
  })
}

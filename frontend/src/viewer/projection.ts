// Between world millimetres, voxels and the canvas. The third argument `true` of NiiVue's
// functions means true world millimetres, also for oblique scans.

import type { Niivue } from '@niivue/niivue'
import type { Triple } from '../voxels/grid'

export type Plane = 0 | 1 | 2 // axial, coronal, sagittal

export interface Place {
  readonly mm: Triple
  readonly voxel: Triple
  readonly plane: Plane
}

export interface CanvasPoint {
  readonly x: number
  readonly y: number
}

function triple(values: ArrayLike<number>): Triple {
  return [values[0] ?? 0, values[1] ?? 0, values[2] ?? 0]
}

/** This will return the shown planes, in the order of their tiles. */
export function shownPlanes(nv: Niivue): readonly Plane[] {
  return nv.screenSlices.map((tile) => tile.axCorSag).filter((plane): plane is Plane => plane <= 2)
}

/** This will return what lies under a point of the canvas (CSS pixels), or null beside the scan. */
export function placeAt(nv: Niivue, x: number, y: number): Place | null {
  const [left, top] = [x * (nv.uiData.dpr ?? 1), y * (nv.uiData.dpr ?? 1)]
  const tile = nv.screenSlices[nv.tileIndex(left, top)]
  if (!tile || tile.axCorSag > 2) return null
  const frac = nv.canvasPos2frac([left, top])
  if ((frac[0] ?? -1) < 0) return null
  return {
    mm: triple(nv.frac2mm(frac, 0, true)),
    voxel: triple(nv.frac2vox(frac)),
    plane: tile.axCorSag as Plane,
  }
}

/**
 * This will return where a place is drawn in a plane (CSS pixels of the canvas), or null when its
 * slice is not the one shown. `slab` also accepts slices that many steps away.
 */
export function pointOf(nv: Niivue, mm: Triple, plane: Plane, slab = 0): CanvasPoint | null {
  const image = nv.back
  if (!image?.dimsRAS) return null
  const frac = nv.mm2frac([...mm], 0, true)
  const axis = 2 - plane
  const slices = image.dimsRAS[axis + 1] ?? 1
  const shown = nv.scene.crosshairPos[axis] ?? 0
  const away = Math.floor(shown * slices) - Math.floor((frac[axis] ?? 0) * slices)
  if (Math.abs(away) > slab) return null
  // NiiVue refuses points beside the plane, so the place is put into it first.
  const inPlane: [number, number, number] = [frac[0] ?? 0, frac[1] ?? 0, frac[2] ?? 0]
  inPlane[axis] = shown
  const hit = nv.frac2canvasPosWithTile(inPlane, plane)
  if (!hit || hit.tileIndex < 0) return null
  const dpr = nv.uiData.dpr ?? 1
  return { x: (hit.pos[0] ?? 0) / dpr, y: (hit.pos[1] ?? 0) / dpr }
}

/**
 * This will return how far right and down (CSS pixels of the canvas) the crosshair's lines cross a
 * plane; null for a line that is not in view, and for both where the plane's middle is beside the
 * scan and the crosshair out of view.
 */
export function linesOf(nv: Niivue, plane: Plane): { x: number | null; y: number | null } {
  const cross = pointOf(nv, crosshairMm(nv), plane)
  if (cross) return cross
  const tile = nv.screenSlices.find(({ axCorSag }) => axCorSag === plane)
  const [left = 0, top = 0, width = 0, height = 0] = tile?.leftTopWidthHeight ?? []
  const middle = nv.canvasPos2frac([left + width / 2, top + height / 2])
  if ((middle[0] ?? -1) < 0) return { x: null, y: null }
  const [across, along] = plane === 0 ? [0, 1] : plane === 1 ? [0, 2] : [1, 2]
  const crossing = (axis: number): CanvasPoint | null => {
    const at: [number, number, number] = [middle[0] ?? 0, middle[1] ?? 0, middle[2] ?? 0]
    at[axis] = nv.scene.crosshairPos[axis] ?? 0
    return pointOf(nv, triple(nv.frac2mm(at, 0, true)), plane)
  }
  return { x: crossing(across)?.x ?? null, y: crossing(along)?.y ?? null }
}

export function crosshairMm(nv: Niivue): Triple {
  return triple(nv.frac2mm(nv.scene.crosshairPos, 0, true))
}

export function crosshairVoxel(nv: Niivue): Triple {
  return triple(nv.frac2vox(nv.scene.crosshairPos))
}

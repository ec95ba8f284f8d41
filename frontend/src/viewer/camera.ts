// What of the scan is shown: slice, crosshair, zoom, views, grey levels.

import { type Niivue, SLICE_TYPE } from '@niivue/niivue'
import type { Triple } from '../voxels/grid'
import { steppedSlice } from '../voxels/slices'
import type { Window } from '../voxels/window'
import { crosshairVoxel } from './projection'

export type View = 'axial' | 'multi'

const LEAST_ZOOM = 1
const MOST_ZOOM = 12

function shapeOf(nv: Niivue): Triple {
  const size = nv.back?.dimsRAS
  return [size?.[1] ?? 0, size?.[2] ?? 0, size?.[3] ?? 0]
}

/** This will put the crosshair on a voxel's centre and draw. */
export function goToVoxel(nv: Niivue, voxel: Triple): void {
  const shape = shapeOf(nv)
  const [x, y, z] = voxel.map((at, axis) => steppedSlice(at, 0, shape[axis] ?? 1))
  nv.scene.crosshairPos = nv.vox2frac([x ?? 0, y ?? 0, z ?? 0])
  nv.drawScene()
}

export function goToMm(nv: Niivue, mm: Triple): void {
  goToVoxel(nv, voxelOf(nv, mm))
}

function voxelOf(nv: Niivue, mm: Triple): Triple {
  const voxel = nv.frac2vox(nv.mm2frac([...mm], 0, true))
  return [voxel[0] ?? 0, voxel[1] ?? 0, voxel[2] ?? 0]
}

/** This will move along one axis: 0 left-right, 1 back-front, 2 up-down. */
export function step(nv: Niivue, axis: 0 | 1 | 2, steps: number): void {
  const voxel: [number, number, number] = [...crosshairVoxel(nv)]
  voxel[axis] += steps
  goToVoxel(nv, voxel)
}

export function middleVoxel(nv: Niivue): Triple {
  const shape = shapeOf(nv)
  return [Math.floor(shape[0] / 2), Math.floor(shape[1] / 2), Math.floor(shape[2] / 2)]
}

const THREE_PLANES: Parameters<Niivue['setCustomLayout']>[0] = [
  { sliceType: SLICE_TYPE.AXIAL, position: [0, 0, 0.62, 1] },
  { sliceType: SLICE_TYPE.CORONAL, position: [0.63, 0, 0.37, 0.5] },
  { sliceType: SLICE_TYPE.SAGITTAL, position: [0.63, 0.5, 0.37, 0.5] },
]

/** This will show the axial slice alone, or the three planes with the axial one large. */
export function setView(nv: Niivue, view: View): void {
  if (view === 'axial') {
    nv.clearCustomLayout()
    nv.setSliceType(SLICE_TYPE.AXIAL)
  } else {
    nv.setSliceType(SLICE_TYPE.MULTIPLANAR)
    nv.setCustomLayout(THREE_PLANES)
  }
}

/** This will zoom by a factor so that what lies under a canvas point stays there. */
export function zoomAt(nv: Niivue, factor: number, x: number, y: number): void {
  const dpr = nv.uiData.dpr ?? 1
  const [panX, panY, panZ, zoom] = panAndZoom(nv)
  const next = Math.max(LEAST_ZOOM, Math.min(MOST_ZOOM, zoom * factor))
  if (next === LEAST_ZOOM) {
    resetZoom(nv)
    return
  }
  let fixed = nv.screenXY2mm(x * dpr, y * dpr)
  if (Number.isNaN(fixed[0])) fixed = nv.frac2mm(nv.scene.crosshairPos)
  const change = next - zoom
  nv.setPan2Dxyzmm([
    panX - (fixed[0] ?? 0) * change,
    panY - (fixed[1] ?? 0) * change,
    panZ - (fixed[2] ?? 0) * change,
    next,
  ])
}

/** This will move the picture so that what lay under the first point lies under the second. */
export function pan(
  nv: Niivue,
  from: { x: number; y: number },
  to: { x: number; y: number },
): void {
  const dpr = nv.uiData.dpr ?? 1
  const end = nv.screenXY2mm(to.x * dpr, to.y * dpr)
  const start = nv.screenXY2mm(from.x * dpr, from.y * dpr, end[3])
  if (Number.isNaN(end[0]) || Number.isNaN(start[0])) return
  const [panX, panY, panZ, zoom] = panAndZoom(nv)
  const moved = (axis: number): number => zoom * ((end[axis] ?? 0) - (start[axis] ?? 0))
  nv.setPan2Dxyzmm([panX + moved(0), panY + moved(1), panZ + moved(2), zoom])
}

/** This will show the same place at the same size as another instance with the same grid. */
export function goWith(nv: Niivue, other: Niivue): void {
  nv.scene.crosshairPos = [...other.scene.crosshairPos]
  nv.scene.pan2Dxyzmm = [...panAndZoom(other)]
  nv.drawScene()
}

function panAndZoom(nv: Niivue): readonly [number, number, number, number] {
  const [x, y, z, zoom] = nv.scene.pan2Dxyzmm
  return [x ?? 0, y ?? 0, z ?? 0, zoom ?? 1]
}

export function zoomOf(nv: Niivue): number {
  return panAndZoom(nv)[3]
}

export function resetZoom(nv: Niivue): void {
  nv.setPan2Dxyzmm([0, 0, 0, 1])
}

export function setWindow(nv: Niivue, window: Window): void {
  const image = nv.volumes[0]
  if (!image) return
  image.cal_min = window.low
  image.cal_max = window.high
  nv.refreshLayers(image, 0)
  nv.drawScene()
}

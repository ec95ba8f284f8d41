// The reach of a round brush around the pointer, as an HTML ring above the canvas.

import type { Niivue } from '@niivue/niivue'
import type { Triple } from '../voxels/grid'
import { type CanvasPoint, placeAt, pointOf } from './projection'

/** This will put the ring where the pointer is over a plane, or take it away. */
export function placeBrush(
  surface: HTMLElement,
  nv: Niivue,
  at: CanvasPoint | null,
  radiusMm: number | null,
): void {
  const there = surface.querySelector<HTMLElement>('.viewer-brush')
  const place = at && radiusMm !== null ? placeAt(nv, at.x, at.y) : null
  if (!at || radiusMm === null || !place) {
    there?.remove()
    return
  }
  const radius = pixelsOf(nv, place.mm, place.plane, radiusMm)
  const ring = there ?? document.createElement('div')
  ring.className = 'viewer-brush'
  ring.setAttribute('aria-hidden', 'true')
  ring.style.width = `${2 * radius}px`
  ring.style.height = `${2 * radius}px`
  ring.style.transform = `translate(${at.x - radius}px, ${at.y - radius}px)`
  if (!there) surface.append(ring)
}

/** How many CSS pixels a length in a plane takes. */
function pixelsOf(nv: Niivue, mm: Triple, plane: 0 | 1 | 2, lengthMm: number): number {
  const affine = nv.volumes[0]?.hdr?.affine ?? []
  const axis = plane === 2 ? 1 : 0
  const column = [0, 1, 2].map((row) => affine[row]?.[axis] ?? 0)
  const spacing = Math.hypot(...column)
  const beside = (sign: number): CanvasPoint | null => {
    const moved = mm.map((value, row) => value + (sign * lengthMm * (column[row] ?? 0)) / spacing)
    return pointOf(nv, [moved[0] ?? 0, moved[1] ?? 0, moved[2] ?? 0], plane)
  }
  const here = pointOf(nv, mm, plane)
  const there = beside(1) ?? beside(-1)
  return here && there ? Math.hypot(there.x - here.x, there.y - here.y) : 0
}

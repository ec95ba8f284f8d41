// Marks as HTML buttons above the canvas: they can be clicked, focused and read aloud.

import type { Niivue } from '@niivue/niivue'
import type { Triple } from '../voxels/grid'
import { type CanvasPoint, type Plane, pointOf, shownPlanes } from './projection'

export interface Dot {
  readonly key: string
  readonly mm: Triple
  readonly text: string
  readonly label: string
  /** Another colour than a rater's own mark has. */
  readonly tone?: string
  readonly onClick: () => void
}

/** So near to a ring on its right, in pixels, a text to the right of its own would cover it. */
const NEAR_X = 40
const NEAR_Y = 14

/** This will put one button per dot and plane in which its slice is shown, at its place. */
export function placeDots(surface: HTMLElement, nv: Niivue, dots: readonly Dot[]): void {
  const there = new Map<string, HTMLElement>()
  for (const element of surface.querySelectorAll<HTMLElement>('[data-dot]')) {
    there.set(element.dataset.dot ?? '', element)
  }
  for (const plane of shownPlanes(nv)) {
    const placed = dots.flatMap((dot) => placedIn(nv, plane, dot))
    for (const { dot, point, isOn } of placed) {
      const name = `${dot.key}/${plane}/${isOn ? 'on' : 'near'}`
      const element = there.get(name) ?? made(surface, name, dot, isOn)
      there.delete(name)
      if (isOn && element.textContent !== dot.text) element.textContent = dot.text
      if (isOn && element.getAttribute('aria-label') !== dot.label) {
        element.setAttribute('aria-label', dot.label)
      }
      const crowded = placed.some((other) => other.dot !== dot && isRightOf(point, other.point))
      element.classList.toggle('viewer-dot-left', crowded)
      element.style.transform = `translate(${point.x}px, ${point.y}px)`
    }
  }
  for (const element of there.values()) element.remove()
}

interface Placed {
  readonly dot: Dot
  readonly point: CanvasPoint
  /** On the slices next to it a dot is a faint ring that cannot be clicked. */
  readonly isOn: boolean
}

function placedIn(nv: Niivue, plane: Plane, dot: Dot): Placed[] {
  const on = pointOf(nv, dot.mm, plane)
  const point = on ?? pointOf(nv, dot.mm, plane, 1)
  return point ? [{ dot, point, isOn: on !== null }] : []
}

/** Whether a ring stands where the text of this one would. */
function isRightOf(ring: CanvasPoint, other: CanvasPoint): boolean {
  const right = other.x - ring.x
  return right > 0 && right < NEAR_X && Math.abs(other.y - ring.y) < NEAR_Y
}

function made(surface: HTMLElement, name: string, dot: Dot, isOn: boolean): HTMLElement {
  const element = document.createElement(isOn ? 'button' : 'span')
  element.dataset.dot = name
  element.className = isOn ? 'viewer-dot' : 'viewer-dot viewer-dot-near'
  if (dot.tone) element.dataset.tone = dot.tone
  if (element instanceof HTMLButtonElement) {
    element.type = 'button'
    element.addEventListener('click', dot.onClick)
  }
  surface.append(element)
  return element
}

// What frames each shown plane, as HTML above the canvas: a crosshair one pixel thin at any zoom and
// on any screen, open where it crosses so that it hides nothing, and the directions of the body.

import type { Niivue } from '@niivue/niivue'
import { linesOf, type Plane, shownPlanes } from './projection'

/** Directions at the left, right, top and bottom edge, as `createStage` tells NiiVue to draw them. */
const EDGES: Readonly<Record<Plane, readonly [string, string, string, string]>> = {
  0: ['R', 'L', 'A', 'P'],
  1: ['R', 'L', 'S', 'I'],
  2: ['P', 'A', 'S', 'I'],
}

/** Where a line is that is not in view: the other one has no gap then. */
const FAR = -9999

/** This will put a frame around every plane that is shown, and take away the others. */
export function placeFrames(surface: HTMLElement, nv: Niivue): void {
  const there = new Map<string, HTMLElement>()
  for (const element of surface.querySelectorAll<HTMLElement>('[data-plane]')) {
    there.set(element.dataset.plane ?? '', element)
  }
  const dpr = nv.uiData.dpr ?? 1
  for (const plane of shownPlanes(nv)) {
    const tile = nv.screenSlices.find(({ axCorSag }) => axCorSag === plane)
    const [left = 0, top = 0, width = 0, height = 0] = [...(tile?.leftTopWidthHeight ?? [])].map(
      (length) => length / dpr,
    )
    const frame = there.get(String(plane)) ?? made(surface, plane)
    there.delete(String(plane))
    Object.assign(frame.style, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${width}px`,
      height: `${height}px`,
    })
    const { x, y } = linesOf(nv, plane)
    frame.toggleAttribute('data-x', x !== null)
    frame.toggleAttribute('data-y', y !== null)
    frame.style.setProperty('--x', `${(x ?? FAR) - left}px`)
    frame.style.setProperty('--y', `${(y ?? FAR) - top}px`)
  }
  for (const element of there.values()) element.remove()
}

function made(surface: HTMLElement, plane: Plane): HTMLElement {
  const frame = document.createElement('div')
  frame.dataset.plane = String(plane)
  frame.className = 'viewer-frame'
  frame.setAttribute('aria-hidden', 'true')
  for (const letter of EDGES[plane]) {
    const edge = document.createElement('span')
    edge.textContent = letter
    frame.append(edge)
  }
  surface.prepend(frame)
  return frame
}

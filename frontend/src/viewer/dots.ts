// Marks as HTML buttons above the canvas: they can be clicked, focused and read aloud.

import type { Niivue } from '@niivue/niivue'
import type { Triple } from '../voxels/grid'
import { pointOf, shownPlanes } from './projection'

export interface Dot {
  readonly key: string
  readonly mm: Triple
  readonly text: string
  readonly label: string
  /** Another colour than a rater's own mark has. */
  readonly tone?: string
  readonly onClick: () => void
}

/** This will put one button per dot and plane in which its slice is shown, at its place. */
export function placeDots(surface: HTMLElement, nv: Niivue, dots: readonly Dot[]): void {
  const there = new Map<string, HTMLElement>()
  for (const element of surface.querySelectorAll<HTMLElement>('[data-dot]')) {
    there.set(element.dataset.dot ?? '', element)
  }
  for (const dot of dots) {
    for (const plane of shownPlanes(nv)) {
      const on = pointOf(nv, dot.mm, plane)
      const point = on ?? pointOf(nv, dot.mm, plane, 1)
      if (!point) continue
      // On the slices next to it a dot is a faint ring that cannot be clicked.
      const name = `${dot.key}/${plane}/${on ? 'on' : 'near'}`
      const element = there.get(name) ?? made(surface, name, dot, on !== null)
      there.delete(name)
      if (on && element.textContent !== dot.text) element.textContent = dot.text
      if (on && element.getAttribute('aria-label') !== dot.label) {
        element.setAttribute('aria-label', dot.label)
      }
      element.style.transform = `translate(${point.x}px, ${point.y}px)`
    }
  }
  for (const element of there.values()) element.remove()
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

// Mouse, pen and touch on the viewer. A surface above the canvas takes every event, so none of
// NiiVue's own handlers ever runs.

import { WheelSteps } from '../voxels/slices'

export interface Gestures {
  click(x: number, y: number): void
  scrub(x: number, y: number): void
  steps(steps: number, x: number, y: number): void
  zoom(factor: number, x: number, y: number): void
  pan(from: { x: number; y: number }, to: { x: number; y: number }): void
  /** The left button went down; true takes what follows as a stroke instead of click or scrub. */
  press(x: number, y: number, isShifted: boolean): boolean
  stroke(points: readonly { x: number; y: number }[]): void
  lift(): void
  /** Where the pointer is with no button down; null when it has left. */
  hover(at: { x: number; y: number } | null): void
  /** Parts of the surface's size since the drag began; right and up are positive. */
  window(right: number, up: number, isStart: boolean): void
}

const CLICK_PIXELS = 4

/** This will turn pointer and wheel events of `surface` into gestures (CSS pixels inside it). */
export function listen(surface: HTMLElement, gestures: Gestures): void {
  const wheel = new WheelSteps()
  let held: {
    id: number
    button: number
    x: number
    y: number
    moved: boolean
    isStroke: boolean
  } | null = null
  let last = { x: 0, y: 0 }

  const inside = (event: MouseEvent): { x: number; y: number } => {
    const box = surface.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }

  surface.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault()
      const { x, y } = inside(event)
      const pixels = event.deltaMode === 0 ? event.deltaY : event.deltaY * 40
      if (event.ctrlKey || event.metaKey) gestures.zoom(Math.exp(-pixels / 300), x, y)
      else {
        const steps = wheel.take(pixels)
        if (steps !== 0) gestures.steps(-steps, x, y)
      }
    },
    { passive: false },
  )

  surface.addEventListener('pointerdown', (event) => {
    if (held || event.target !== surface) return
    if (event.button === 1) event.preventDefault() // no scrolling mode of the browser
    surface.setPointerCapture(event.pointerId)
    last = inside(event)
    const isStroke = event.button === 0 && gestures.press(last.x, last.y, event.shiftKey)
    held = { id: event.pointerId, button: event.button, ...last, moved: false, isStroke }
  })

  surface.addEventListener('pointermove', (event) => {
    const at = inside(event)
    if (!held || held.isStroke) gestures.hover(at)
    if (held?.id !== event.pointerId) return
    if (held.isStroke) {
      const between = event.getCoalescedEvents().map(inside)
      gestures.stroke(between.length > 0 ? between : [at])
      return
    }
    if (!held.moved) {
      if (Math.hypot(at.x - held.x, at.y - held.y) < CLICK_PIXELS) return
      held.moved = true
      if (held.button === 2) gestures.window(0, 0, true)
    }
    if (held.button === 0) gestures.scrub(at.x, at.y)
    else if (held.button === 1) gestures.pan(last, at)
    else if (held.button === 2) {
      const box = surface.getBoundingClientRect()
      gestures.window((at.x - held.x) / box.width, (held.y - at.y) / box.height, false)
    }
    last = at
  })

  surface.addEventListener('pointerup', (event) => {
    if (held?.id !== event.pointerId) return
    const { x, y, button, moved, isStroke } = held
    held = null
    if (isStroke) gestures.lift()
    else if (!moved && button === 0) gestures.click(x, y)
  })
  surface.addEventListener('pointercancel', () => {
    if (held?.isStroke) gestures.lift()
    held = null
  })
  surface.addEventListener('pointerleave', () => gestures.hover(null))
  for (const kind of ['contextmenu', 'dragover', 'drop'] as const) {
    surface.addEventListener(kind, (event) => event.preventDefault())
  }
}

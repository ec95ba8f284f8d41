// One NiiVue instance with everything switched off that a reading must not have: keyboard
// shortcuts, dropped files, measuring, its own mouse handling, names on the screen.

import { DRAG_MODE, Niivue, SHOW_RENDER, SLICE_TYPE } from '@niivue/niivue'

export interface Stage {
  readonly nv: Niivue
  readonly canvas: HTMLCanvasElement
}

/**
 * This will put a canvas first into `host` and attach NiiVue to it. `afterDraw` runs after every
 * drawing of the scene (NiiVue has no event for it), `onLost` when the graphics context is lost.
 */
export async function createStage(
  host: HTMLElement,
  afterDraw: () => void,
  onLost: () => void,
): Promise<Stage> {
  const canvas = document.createElement('canvas')
  canvas.setAttribute('aria-hidden', 'true')
  host.prepend(canvas)
  canvas.addEventListener('webglcontextlost', (event) => {
    event.preventDefault()
    onLost()
  })
  const nv = new Niivue({
    logLevel: 'error',
    loadingText: '',
    dragAndDropEnabled: false,
    dragMode: DRAG_MODE.none,
    dragModePrimary: DRAG_MODE.none,
    isRadiologicalConvention: true,
    isOrientationTextVisible: false,
    isSliceMM: false,
    isNearestInterpolation: true,
    multiplanarShowRender: SHOW_RENDER.NEVER,
    multiplanarPadPixels: 4,
    sliceType: SLICE_TYPE.AXIAL,
    showLegend: false,
    show3Dcrosshair: false,
    viewModeHotKey: '',
    clipPlaneHotKey: '',
    cycleClipPlaneHotKey: '',
    crosshairWidth: 0, // placeFrames draws it, and the directions: NiiVue's vanish below a pixel
    backColor: [0, 0, 0, 1],
    maxDrawUndoBitmaps: 2,
  })
  await nv.attachToCanvas(canvas, false)
  canvas.removeAttribute('tabindex')
  // WebGL draws tiles at whole pixels in any case; clicks are looked up where NiiVue says they are.
  const drawTile = nv.draw2D.bind(nv)
  nv.draw2D = (tile, plane, mm, size) =>
    drawTile(tile.map(Math.round), plane, mm, size?.map(Math.round))
  const draw = nv.drawScene.bind(nv)
  nv.drawScene = () => {
    const drawn = draw()
    afterDraw()
    return drawn
  }
  return { nv, canvas }
}

/** This will take an instance off the page and give its graphics context back. */
export function removeStage(stage: Stage): void {
  stage.nv.cleanup()
  stage.canvas.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext()
  stage.canvas.remove()
}

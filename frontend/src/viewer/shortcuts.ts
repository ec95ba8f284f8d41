// Which key does what in a viewer, wherever it stands.

import type { Shortcut } from './keys'
import type { Viewer } from './viewer'

/** This will return the viewer's keys in the order of the legend; rows without text share one. */
export function viewerShortcuts(viewer: Viewer): readonly Shortcut[] {
  const slice = (
    keys: readonly string[],
    steps: number,
    shown = '',
    does = '',
    name?: string,
  ): Shortcut => ({
    ...(name ? { name } : {}),
    shown,
    does,
    keys,
    shift: false,
    run: () => viewer.stepSlices(steps),
  })
  const nudge = (key: string, axis: 0 | 1, steps: number, shown = '', does = ''): Shortcut => ({
    shown,
    does,
    keys: [key],
    shift: true,
    run: () => viewer.nudge(axis, steps),
  })
  const opacity = (change: number): void => {
    const wanted = viewer.state.look.opacity + change
    viewer.setLook({ opacity: Math.max(0.1, Math.min(1, wanted)) })
  }
  return [
    {
      ...slice(['ArrowUp', 'ArrowRight'], 1, '↑ ↓', 'next slice up, down', 'slice-up'),
      brief: 'slices',
    },
    slice(['ArrowDown', 'ArrowLeft'], -1, '', '', 'slice-down'),
    slice(['PageUp'], 5, 'Page ↑ ↓', 'five slices'),
    slice(['PageDown'], -5),
    slice(['Home'], -9999, 'Home, End', 'lowest, highest slice'),
    slice(['End'], 9999),
    { ...nudge('ArrowLeft', 0, 1, 'Shift + arrows', 'move the crosshair'), brief: 'crosshair' },
    nudge('ArrowRight', 0, -1),
    nudge('ArrowUp', 1, 1),
    nudge('ArrowDown', 1, -1),
    {
      name: 'look-below-the-mask',
      shown: 'Space, H',
      does: 'hold to look below the mask',
      brief: 'hide mask',
      keys: [' ', 'h'],
      run: () => viewer.setLook({ isHidden: true }),
      release: () => viewer.setLook({ isHidden: false }),
    },
    {
      name: 'outline-or-fill',
      shown: 'O',
      does: 'outline or fill',
      keys: ['o'],
      run: () => viewer.setLook({ style: viewer.state.look.style === 'fill' ? 'outline' : 'fill' }),
    },
    {
      name: 'mask-fainter',
      shown: '[ ]',
      does: 'mask fainter, stronger',
      keys: ['['],
      run: () => opacity(-0.1),
    },
    { name: 'mask-stronger', shown: '', does: '', keys: [']'], run: () => opacity(0.1) },
    {
      name: 'grey-levels-as-at-the-start',
      shown: 'R',
      does: 'grey levels as at the start',
      keys: ['r'],
      run: () => viewer.resetWindow(),
    },
    {
      name: 'other-grey-levels',
      shown: 'W',
      does: 'grey levels: contrast, whole range, start',
      keys: ['w'],
      run: () => viewer.nextWindow(),
    },
    {
      name: 'crosshair',
      shown: 'C',
      does: 'crosshair on or off',
      keys: ['c'],
      run: () => viewer.toggleCrosshair(),
    },
    {
      name: 'three-planes',
      shown: 'V',
      does: 'axial, three planes',
      keys: ['v'],
      run: () => viewer.setView(viewer.state.view === 'axial' ? 'multi' : 'axial'),
    },
    {
      name: 'zoom-in',
      shown: '+ −',
      does: 'zoom',
      keys: ['+', '='],
      run: () => viewer.zoomBy(1.25),
    },
    { name: 'zoom-out', shown: '', does: '', keys: ['-'], run: () => viewer.zoomBy(0.8) },
    {
      name: 'whole-slice',
      shown: '0',
      does: 'whole slice',
      keys: ['0'],
      run: () => viewer.resetZoom(),
    },
  ]
}

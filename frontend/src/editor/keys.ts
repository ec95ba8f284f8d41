// Which key does what in the editor, the viewer's keys included.

import type { Shortcut } from '../viewer/keys'
import { viewerShortcuts } from '../viewer/shortcuts'
import type { Viewer } from '../viewer/viewer'
import { TOOLS, type Tool } from './palette'

export type EndKey = Pick<Shortcut, 'shown' | 'does' | 'keys'>

export interface EditorActions {
  readonly pick: (tool: Tool) => void
  readonly resize: (steps: 1 | -1) => void
  readonly tour: (steps: 1 | -1) => void
  readonly accept: () => void
  readonly remove: () => void
  readonly redraw: () => void
  readonly fill: () => void
  readonly interpolate: () => void
  readonly undo: () => void
  readonly redo: () => void
  readonly end: () => void
  /** What `end` does, and which key does it, with Ctrl. */
  readonly ends: EndKey
  readonly toggleLegend: () => void
}

export function editorShortcuts(viewer: Viewer, act: EditorActions): readonly Shortcut[] {
  const key = (shown: string, does: string, keys: readonly string[], run: () => void) => ({
    shown,
    does,
    keys,
    run,
  })
  return [
    ...TOOLS.map(({ tool, key: letter, does }) =>
      key(letter.toUpperCase(), does, [letter], () => act.pick(tool)),
    ),
    key(', .', 'smaller, larger brush', [','], () => act.resize(-1)),
    key('', '', ['.'], () => act.resize(1)),
    key('N, P', 'next, previous lesion', ['n'], () => act.tour(1)),
    key('', '', ['p'], () => act.tour(-1)),
    key('A', 'accept the chosen lesion, or no longer', ['a'], act.accept),
    key('Delete', 'delete the chosen lesion', ['Delete', 'Backspace'], act.remove),
    key('D', 'draw the chosen lesion anew', ['d'], act.redraw),
    key('T', 'fill holes of the chosen lesion, or of all', ['t'], act.fill),
    key('I', 'fill the slices to the lesion above or below', ['i'], act.interpolate),
    { ...key('Ctrl + Z', 'undo', ['z'], act.undo), ctrl: true, shift: false },
    { ...key('Ctrl + Y', 'redo', ['y'], act.redo), ctrl: true },
    { ...key('', '', ['z'], act.redo), ctrl: true, shift: true },
    { ...act.ends, run: act.end, ctrl: true },
    ...viewerShortcuts(viewer),
    key('?', 'this legend', ['?'], act.toggleLegend),
  ]
}

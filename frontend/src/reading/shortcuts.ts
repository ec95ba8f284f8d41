// Which key does what in the reading room, beside the viewer's own keys.

import type { Verdict } from '../api/types'
import type { Shortcut } from '../viewer/keys'
import { viewerShortcuts } from '../viewer/shortcuts'
import type { Viewer } from '../viewer/viewer'

const REASON_NUMBERS = [1, 2, 3, 4, 5, 6] as const

export interface RoomCommands {
  readonly tour: (steps: 1 | -1) => void
  readonly toggleT1: () => void
  readonly markHere: () => void
  readonly undo: () => void
  readonly redo: () => void
  readonly giveReason: (number: number) => void
  readonly count: (more: 1 | -1) => void
  readonly join: () => void
  readonly choose: (verdict: Verdict) => void
  readonly sayConsistent: (isConsistent: boolean) => void
  readonly submit: () => void
  readonly toggleLegend: () => void
}

/** This will return the keys of the room in the order of the legend; rows without text share one. */
export function roomShortcuts(viewer: Viewer, commands: RoomCommands): readonly Shortcut[] {
  return [
    ...viewerShortcuts(viewer),
    {
      name: 'next-lesion',
      shown: 'N, P',
      does: 'next, previous lesion',
      brief: 'lesions',
      keys: ['n'],
      run: () => commands.tour(1),
    },
    { name: 'previous-lesion', shown: '', does: '', keys: ['p'], run: () => commands.tour(-1) },
    {
      name: 't1',
      shown: 'T',
      does: 'T1 beside the FLAIR, if there is one',
      keys: ['t'],
      run: commands.toggleT1,
    },
    {
      name: 'mark-at-the-crosshair',
      shown: 'M',
      does: 'mark at the crosshair: lesion FP, elsewhere FN',
      brief: 'or click: FP, FN',
      keys: ['m'],
      run: commands.markHere,
    },
    ...REASON_NUMBERS.map(
      (number): Shortcut => ({
        shown: number === 1 ? '1 to 6' : '',
        does: number === 1 ? 'reason of the outlined mark' : '',
        keys: [String(number)],
        run: () => commands.giveReason(number),
      }),
    ),
    {
      name: 'one-lesion-more',
      shown: 'K, Shift + K',
      does: 'the outlined mark is one lesion more, fewer',
      keys: ['k'],
      shift: false,
      run: () => commands.count(1),
    },
    {
      name: 'one-lesion-more',
      shown: '',
      does: '',
      keys: ['k'],
      shift: true,
      run: () => commands.count(-1),
    },
    {
      name: 'one-lesion-with-the-mark-before',
      shown: 'J',
      does: 'it is one lesion with the mark before it',
      keys: ['j'],
      run: commands.join,
    },
    {
      shown: 'Ctrl + Z',
      does: 'undo a mark',
      brief: 'undo',
      keys: ['z'],
      ctrl: true,
      shift: false,
      run: commands.undo,
    },
    { name: 'undo', shown: '', does: '', keys: [], run: commands.undo },
    {
      shown: 'Ctrl + Shift + Z',
      does: 'redo',
      keys: ['z'],
      ctrl: true,
      shift: true,
      run: commands.redo,
    },
    { shown: '', does: '', keys: ['y'], ctrl: true, run: commands.redo },
    { name: 'redo', shown: '', does: '', keys: [], run: commands.redo },
    {
      name: 'acceptable',
      shown: 'A, U',
      does: 'acceptable, unacceptable',
      brief: 'verdict',
      keys: ['a'],
      run: () => commands.choose('acceptable'),
    },
    {
      name: 'unacceptable',
      shown: '',
      does: '',
      keys: ['u'],
      run: () => commands.choose('unacceptable'),
    },
    {
      name: 'follows-from-the-counts',
      shown: 'Y, X',
      does: 'it follows from the counts, or not, if that is asked',
      brief: 'follows?',
      keys: ['y'],
      run: () => commands.sayConsistent(true),
    },
    {
      name: 'follows-from-something-else',
      shown: '',
      does: '',
      keys: ['x'],
      run: () => commands.sayConsistent(false),
    },
    {
      shown: 'Ctrl + Enter',
      does: 'submit; again, yes',
      brief: 'submit',
      keys: ['Enter'],
      ctrl: true,
      once: true,
      run: commands.submit,
    },
    {
      shown: '?',
      does: 'this legend',
      brief: 'all keys',
      keys: ['?'],
      run: commands.toggleLegend,
    },
  ]
}

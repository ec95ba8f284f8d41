// After a practice case: what was right, overlooked and wrong, shown on the scan itself.

import type { Feedback } from '../api/types'
import { make } from '../elements'
import type { Dot } from '../viewer/dots'
import type { Triple } from '../voxels/grid'
import { practiceWords } from './afterwards'

type Told = Feedback['places'][number]

const SIGNS = { right: '✓', overlooked: '!', wrong: '✗' } as const

function words({ kind, said }: Told): string {
  const isFalse = kind === 'FP'
  switch (said) {
    case 'right':
      return isFalse ? 'False positive, you marked it' : 'Missed lesion, you marked it'
    case 'overlooked':
      return isFalse ? 'False positive, not marked' : 'Missed lesion, not marked'
    case 'wrong':
      return isFalse ? 'Marked as false, but a lesion' : 'Marked as missed, but none'
  }
}

/** Two places may lie so close that only this tells which is which. */
function sign({ kind, said }: Told): string {
  return `${SIGNS[said]} ${kind}`
}

function mmOf({ mm }: Told): Triple {
  const [x, y, z] = mm
  return [x ?? 0, y ?? 0, z ?? 0]
}

/** The same places on the scan. */
export function reviewDots(feedback: Feedback, goTo: (mm: Triple) => void): Dot[] {
  return feedback.places.map((told, number) => ({
    key: `told-${number}`,
    mm: mmOf(told),
    text: sign(told),
    label: words(told),
    tone: told.said,
    onClick: () => goTo(mmOf(told)),
  }))
}

/** This will list the places, each with a way to it, and the way on. */
export function reviewPanel(
  feedback: Feedback,
  goTo: (mm: Triple) => void,
  done: () => void,
): HTMLElement {
  const buttons = feedback.places.map((told) => {
    const button = make(
      'button',
      { type: 'button', 'data-said': told.said },
      make('strong', { 'aria-hidden': 'true' }, sign(told)),
      ` ${words(told)}`,
    )
    button.addEventListener('click', () => {
      for (const one of buttons) one.removeAttribute('aria-current')
      button.setAttribute('aria-current', 'true')
      goTo(mmOf(told))
    })
    return button
  })
  return make(
    'aside',
    { class: 'panel review', 'aria-label': 'How it went' },
    make('h2', {}, 'How it went'),
    ...practiceWords(feedback).map((text) => make('p', {}, text)),
    make('ul', { class: 'plain' }, ...buttons.map((button) => make('li', {}, button))),
    make(
      'p',
      { class: 'hint' },
      'Press one to see it; Ctrl + Enter goes on. This was practice: it is in no analysis.',
    ),
    make(
      'button',
      { type: 'button', class: 'primary', title: 'Go on (Ctrl + Enter)', click: done },
      'Go on',
    ),
  )
}

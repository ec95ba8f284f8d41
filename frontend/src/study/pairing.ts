// A draft of two methods: how far its masks are while they are made, and who was left out.

import type { Study } from '../api/types'
import { make, plural } from '../elements'
import { studyDeletion } from './deletion'
import type { StudyPageData } from './studyPage'

const POLL_MS = 2000

type Pairing = NonNullable<Study['pairing']>

/** This will show how far the masks are, until `refresh` finds them all there. */
export function showPairing(
  root: HTMLElement,
  study: Study,
  pairing: Pairing,
  data: StudyPageData,
  refresh: () => Promise<void>,
): void {
  const { methods, cases, done } = pairing
  root.replaceChildren(
    make(
      'section',
      { class: 'sheet', 'aria-label': 'Masks that are being made' },
      make('h2', {}, 'Waiting for masks'),
      make(
        'p',
        { role: 'status' },
        `${done} of ${plural(cases, 'case')} have masks of both ${methods.join(' and ')}.`,
      ),
      make('progress', { max: cases, value: done, 'aria-label': 'Cases with both masks' }),
      make(
        'p',
        { class: 'hint' },
        'The others are being segmented. This page may be closed: the masks are chosen here as soon as all jobs have ended.',
      ),
      make(
        'div',
        { class: 'actions' },
        make('a', { class: 'button', href: '/jobs/' }, 'See the jobs'),
        studyDeletion(data, () => [study.revision]),
      ),
    ),
  )
  setTimeout(() => void refresh(), POLL_MS)
}

/** What a draft's page says of cases that were left out; nothing where none were. */
export function leftOut(study: Study): HTMLElement[] {
  const reason = study.pairing?.reason
  return reason ? [make('p', { class: 'notice is-warning' }, reason)] : []
}

// An open study: who is how far. Never what anybody answered.

import { request } from '../api/client'
import type { Study } from '../api/types'
import { make, plural } from '../elements'
import { timeFormat } from '../time'
import { amendmentsPanel } from './amendments'
import { askFirst } from './dialog'
import { hashes, type StudyPageData } from './studyPage'

const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'short' })

export function showProgress(
  root: HTMLElement,
  study: Study,
  data: StudyPageData,
  refresh: () => Promise<void>,
): void {
  const left = study.raters.reduce((sum, rater) => sum + rater.total - rater.done, 0)
  const rows = study.raters.map((rater) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, rater.name || rater.username),
      make(
        'td',
        {},
        make('progress', {
          max: rater.total,
          value: rater.done,
          'aria-label': `Progress of ${rater.username}`,
        }),
      ),
      make('td', { class: 'number' }, `${rater.done} of ${rater.total}`),
      make('td', {}, lastActivity(rater)),
    ),
  )
  root.replaceChildren(
    make(
      'p',
      { class: left === 0 ? 'notice is-ok' : 'notice' },
      left === 0
        ? 'All presentations are rated. Close the study to see the results.'
        : `${plural(left, 'presentation')} left. You see the pace of the raters, never their answers, until you close the study.`,
    ),
    make(
      'table',
      { class: 'rows' },
      make(
        'thead',
        {},
        make(
          'tr',
          {},
          ...['Rater', 'Progress', 'Done', 'Last activity'].map((text) =>
            make('th', { scope: 'col', class: text === 'Done' ? 'number' : '' }, text),
          ),
        ),
      ),
      make('tbody', {}, ...rows),
    ),
    make(
      'div',
      { class: 'actions' },
      make(
        'button',
        {
          type: 'button',
          class: left === 0 ? 'primary' : '',
          'data-action': 'close',
          click: () => close(study, data, left, refresh),
        },
        'Close the study',
      ),
      make(
        'button',
        {
          type: 'button',
          class: 'quiet',
          'data-key': 'refresh',
          click: () => void refresh(),
        },
        'Refresh',
      ),
    ),
    amendmentsPanel(study, refresh),
    hashes(study),
  )
}

function lastActivity(rater: Study['raters'][number]): string {
  if (rater.left_at) return `left ${moment(rater.left_at)}`
  return rater.last_activity ? moment(rater.last_activity) : 'not started'
}

function close(
  study: Study,
  data: StudyPageData,
  left: number,
  refresh: () => Promise<void>,
): void {
  const reason = make('textarea', { id: 'closing-reason', required: true })
  askFirst(
    `Close ${study.title}?`,
    left > 0
      ? `${plural(left, 'presentation')} will stay unrated and count as missing. Closing ends all reading for good and shows the answers.`
      : 'Closing ends all reading for good and shows the answers.',
    'Close the study',
    async () => {
      const closing = { reason: reason.value }
      await request('POST', '/api/v1/studies/{slug}/close/', { slug: data.study }, closing)
      await refresh()
    },
    make('label', { for: 'closing-reason' }, 'Reason (kept with the study)'),
    reason,
  )
}

// An open study: who is how far. Never what anybody answered.

import { request } from '../api/client'
import type { Study } from '../api/types'
import { make, plural } from '../elements'
import { timeFormat } from '../time'
import { showTrouble } from '../trouble'
import { amendmentsPanel } from './amendments'
import { askFirst } from './dialog'
import { frozenDesign } from './frozen'
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
      make('td', {}, ...conduct(rater)),
      make('td', {}, ...reminder(study, rater, refresh)),
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
          ...['Rater', 'Progress', 'Done', 'Last activity', 'Reading', 'Reminder'].map((text) =>
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
    frozenDesign(study),
    hashes(study),
  )
}

type Rater = Study['raters'][number]

/** How a rater reads, as far as it tells nothing of the answers. */
function conduct({ conduct: told, done }: Rater): string[] {
  const said: string[] = []
  if (told.after_washout && told.idle_days !== null)
    said.push(`second block open for ${plural(told.idle_days, 'day')}`)
  else if (told.idle_days) said.push(`at rest for ${plural(told.idle_days, 'day')}`)
  if (told.median_seconds !== null)
    said.push(`median ${Math.round(told.median_seconds)} s a presentation`)
  if (told.quick > 0) said.push(`${told.quick} of ${done} read in under 10 s`)
  if (told.low_coverage > 0) said.push(`${told.low_coverage} of ${done} with under 80 % of slices`)
  if (told.unrated > 0) said.push(`${told.unrated} of ${done} not rated: no verdict`)
  if (told.open_since) said.push(`one open without an answer since ${moment(told.open_since)}`)
  return [said.join('; ')]
}

/** A button for whoever could go on, and when they were last written to. */
function reminder(study: Study, rater: Rater, refresh: () => Promise<void>): (Node | string)[] {
  const since = rater.reminded_at ? `reminded ${moment(rater.reminded_at)} ` : ''
  if (rater.conduct.idle_days === null) return [since]
  const trouble = make('p', { class: 'trouble', role: 'alert' })
  const remind = async (): Promise<void> => {
    try {
      const body = { rater: rater.username }
      await request('POST', '/api/v1/studies/{slug}/reminders/', { slug: study.id }, body)
      await refresh()
    } catch (error) {
      showTrouble(trouble, error)
    }
  }
  const attributes = {
    type: 'button',
    'data-key': `remind-${rater.username}`,
    'aria-label': `Remind by e-mail: ${rater.username}`,
    click: () => void remind(),
  }
  return [since, make('button', attributes, 'Remind by e-mail'), trouble]
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

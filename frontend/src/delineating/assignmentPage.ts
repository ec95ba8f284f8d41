// A delineator's share of a reference study: what is to be done now, then every case of both steps.

import { request } from '../api/client'
import type { Assignment, DelineationTask } from '../api/types'
import { make } from '../elements'
import { keepFocus } from '../focus'
import { askAgainIn } from '../reading/washout'
import { timeFormat, timeZoneName } from '../time'
import { showTrouble } from '../trouble'
import { nextOpening, nextTask, standingText, taskText } from './words'

export interface AssignmentPageData {
  readonly assignment: string
  readonly home: string
  /** The address of a case's page, with TOKEN for its own. */
  readonly delineation_page: string
}

const moment = timeFormat({ dateStyle: 'long', timeStyle: 'short' })

/** This will show the share inside `root`, and look again when something may have opened. */
export async function showAssignment(root: HTMLElement, data: AssignmentPageData): Promise<void> {
  const isSubmitted = location.hash === '#submitted'
  if (isSubmitted) history.replaceState(null, '', location.pathname)
  root.replaceChildren(make('p', { class: 'hint', role: 'status' }, 'Loading your cases…'))
  let wake: ReturnType<typeof setTimeout> | undefined
  let shown = ''
  const look = async (justSubmitted: boolean): Promise<void> => {
    clearTimeout(wake)
    try {
      const { assignment } = data
      const share = await request('GET', '/api/v1/assignments/{assignment}/', { assignment })
      const opens = nextOpening(share)
      if (opens) wake = setTimeout(() => void look(false), askAgainIn(opens, Date.now()))
      const text = JSON.stringify(share)
      if (text === shown) return
      shown = text
      keepFocus(root, () => root.replaceChildren(...content(share, data, justSubmitted)))
    } catch (error) {
      shown = ''
      const trouble = make('p', { class: 'notice is-danger', role: 'alert' })
      showTrouble(trouble, error)
      const click = (): void => void look(false)
      const again = make('button', { type: 'button', click }, 'Try again')
      keepFocus(root, () => root.replaceChildren(trouble, again), again)
    }
  }
  await look(isSubmitted)
  root.querySelector<HTMLElement>('.primary')?.focus({ preventScroll: true })
  window.addEventListener('pageshow', ({ persisted }) => persisted && void look(false))
  document.addEventListener('visibilitychange', () => document.hidden || void look(false))
}

function content(
  share: Assignment,
  data: AssignmentPageData,
  justSubmitted: boolean,
): readonly Node[] {
  const { title, state, done, total, step_1, step_2, interval_days } = share
  const next = nextTask(share)
  const text = standingText(share, moment, timeZoneName())
  const pause =
    interval_days > 0 ? ` It opens ${interval_days} days after everybody's first step.` : ''
  return [
    make(
      'div',
      { class: 'title-row' },
      make('h1', {}, title),
      make('span', { class: `state is-${state}` }, state),
    ),
    ...(justSubmitted
      ? [make('p', { class: 'notice is-ok', role: 'status' }, 'Your case is stored and locked.')]
      : []),
    make(
      'div',
      { class: 'share-progress' },
      make('progress', { max: Math.max(1, total), value: done, 'aria-label': 'Progress' }),
      make('p', {}, `${done} of ${total} submitted, both steps counted`),
    ),
    ...(text ? [make('p', { class: 'notice' }, text)] : []),
    make(
      'div',
      { class: 'actions' },
      ...(next ? [goOn(next, step_1.includes(next) ? 1 : 2, data)] : []),
      make('a', { href: data.home }, 'Home'),
    ),
    ...instructionsOf(share),
    stepSection(
      'Step 1: draw every lesion',
      'You begin from an empty scan and draw every lesion that you see, alone: without any method and without your colleagues.',
      step_1,
      data,
    ),
    stepSection(
      'Step 2: decide every dot',
      `Each dot marks a place where somebody or some method has found something; nothing tells you who. You decide each of them and draw those that are lesions.${pause} The cases come in another order than in the first step.`,
      step_2,
      data,
    ),
  ]
}

function goOn(task: DelineationTask, step: 1 | 2, data: AssignmentPageData): HTMLElement {
  const does = task.state === 'open' ? 'Go on with' : 'Open'
  const href = data.delineation_page.replace('TOKEN', task.delineation)
  const text = `${does} step ${step}, case ${task.number}`
  return make('a', { href, class: 'button primary', 'data-key': 'go-on' }, text)
}

function instructionsOf({ instructions, done, state }: Assignment): readonly Node[] {
  if (!instructions.trim()) return []
  const paragraphs = instructions.split(/\n\s*\n/).map((text) => make('p', {}, text))
  return [
    make(
      'details',
      { class: 'sheet share-instructions', open: done === 0 && state === 'open' },
      make('summary', {}, 'Instructions'),
      ...paragraphs,
    ),
  ]
}

function stepSection(
  title: string,
  hint: string,
  tasks: readonly DelineationTask[],
  data: AssignmentPageData,
): HTMLElement {
  const done = tasks.filter(({ state }) => state === 'submitted').length
  const rows = tasks.map((task) => {
    const isOpen = task.state === 'open' || task.state === 'ready'
    const name = `Case ${task.number}`
    const href = data.delineation_page.replace('TOKEN', task.delineation)
    return make(
      'li',
      { 'data-state': task.state },
      isOpen ? make('a', { href, 'data-key': task.delineation }, name) : make('span', {}, name),
      make('span', { class: 'task-said' }, taskText(task, moment)),
    )
  })
  return make(
    'section',
    { class: 'sheet' },
    make('h2', {}, title),
    make('p', { class: 'hint' }, `${hint} ${done} of ${tasks.length} submitted.`),
    make('ol', { class: 'tasks' }, ...rows),
  )
}

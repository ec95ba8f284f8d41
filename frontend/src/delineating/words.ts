// What a delineator is told about a share and its cases.

import type { Assignment, DelineationTask } from '../api/types'
import { plural } from '../elements'

/** What stands beside a case. `moment` writes a time. */
export function taskText(task: DelineationTask, moment: (at: string) => string): string {
  switch (task.state) {
    case 'ready':
      return 'to do'
    case 'open':
      return 'begun'
    case 'submitted':
      return 'submitted'
    case 'others':
      return 'waits until everybody has finished the first step of this case'
    case 'interval':
      return task.available_at ? `opens on ${moment(task.available_at)}` : 'waits for the pause'
    case 'left':
      return 'not submitted before you left'
    case 'closed':
      return 'not submitted before the study closed'
  }
}

/** The case to go on with: one that is begun before one that is ready, the first step first. */
export function nextTask({ step_1, step_2 }: Assignment): DelineationTask | null {
  const tasks = [...step_1, ...step_2]
  const first = (state: DelineationTask['state']) => tasks.find((task) => task.state === state)
  return first('open') ?? first('ready') ?? null
}

/** When the next case that waits for the pause opens; null when none does. */
export function nextOpening({ step_2 }: Assignment): string | null {
  const times = step_2.flatMap(({ state, available_at }) =>
    state === 'interval' && available_at ? [available_at] : [],
  )
  return times.sort((one, other) => Date.parse(one) - Date.parse(other))[0] ?? null
}

/** Where the delineator stands, in a sentence or two. */
export function standingText(
  share: Assignment,
  moment: (at: string) => string,
  zone: string,
): string {
  if (share.state === 'closed') {
    return `This study is closed. ${plural(share.done, 'case')} of yours ${
      share.done === 1 ? 'is' : 'are'
    } stored; nothing more is to be drawn.`
  }
  if (share.state === 'left') {
    const kept = `What you had submitted (${plural(share.done, 'case')}) is stored and counts.`
    return `You have left this study; nothing more is to be drawn. ${share.done > 0 ? `${kept} ` : ''}Thank you.`
  }
  if (share.state === 'finished') {
    return 'Thank you: all of your cases are submitted. Nothing is left to do.'
  }
  if (nextTask(share)) return ''
  const opens = nextOpening(share)
  if (opens) {
    return `Nothing is to be done now. The first case of the second step opens on ${moment(opens)} (${zone}); the pause keeps you from remembering the first.`
  }
  return 'Nothing is to be done now: the second step opens when your colleagues have finished the first.'
}

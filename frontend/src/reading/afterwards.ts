// What can be said after an answer: how practice went, and that the answer was a mistake.

import { request } from '../api/client'
import type { Feedback, Reading, Verdict } from '../api/types'
import { make, plural } from '../elements'
import { askFirst } from '../study/dialog'

/** How a practice case went, in two sentences. */
export function practiceWords(feedback: Feedback): string[] {
  const line = (total: number, what: string, found: number, wrong: number): string => {
    const right = total > 0 ? `${plural(total, what)}, you marked ${found}` : `There is no ${what}`
    const more = wrong > 0 ? `; ${plural(wrong, 'mark')} of yours the reference does not have` : ''
    return `${right}${more}.`
  }
  const { false_positives, false_positives_found, false_positives_wrong } = feedback
  const { missed, missed_found, missed_wrong } = feedback
  return [
    line(false_positives, 'false positive', false_positives_found, false_positives_wrong),
    line(missed, 'missed lesion', missed_found, missed_wrong),
  ]
}

/** How the last practice case went; nothing when it was none. */
export function practiceFeedback({ feedback }: Reading): HTMLElement[] {
  if (!feedback) return []
  return [
    make(
      'section',
      { class: 'note', role: 'status', 'data-said': 'feedback' },
      make('h2', {}, 'How it went'),
      ...practiceWords(feedback).map((text) => make('p', {}, text)),
      make('p', { class: 'hint' }, 'This was practice: it is in no analysis.'),
    ),
  ]
}

/** The way to correct the answer that was submitted last; nothing when there is none. */
export function correctionButton(
  reading: Reading,
  corrected: (reading: Reading) => void,
): HTMLElement[] {
  const { last, ask_consistency, feedback } = reading
  if (!last || feedback) return []
  return [
    make(
      'button',
      {
        type: 'button',
        class: 'quiet',
        click: () => askForCorrection(last, ask_consistency, corrected),
      },
      'Correct my last verdict…',
    ),
  ]
}

/** Until when the last answer can be corrected; nothing when it cannot. */
export function correctionHint({ last, feedback, state }: Reading): HTMLElement[] {
  if (!last || feedback) return []
  const until = state === 'finished' ? 'the study is closed' : 'you open the next presentation'
  return [make('p', { class: 'hint' }, `Your last verdict can be corrected until ${until}.`)]
}

function askForCorrection(
  token: string,
  isConsistencyAsked: boolean,
  corrected: (reading: Reading) => void,
): void {
  const choice = (id: string, choices: Readonly<Record<string, string>>): HTMLSelectElement =>
    make(
      'select',
      { id, required: true },
      make('option', { value: '' }, 'Choose…'),
      ...Object.entries(choices).map(([value, text]) => make('option', { value }, text)),
    )
  const verdict = choice('corrected-verdict', {
    acceptable: 'acceptable',
    unacceptable: 'unacceptable',
  })
  const consistent = choice('corrected-consistency', { yes: 'yes', no: 'no, something else' })
  const reason = make('textarea', { id: 'correction-reason', required: true, maxlength: 2000 })
  askFirst(
    'Correct your last verdict?',
    'Your marks stay as they are and the scan is not shown again. What you submitted first is kept, and it is what the analysis uses; the correction stands beside it.',
    'Store the correction',
    async () => {
      const chosen: Verdict = verdict.value === 'acceptable' ? 'acceptable' : 'unacceptable'
      const correction = { outcome: 'rated', verdict: chosen, reason: reason.value } as const
      const where = { token }
      const more = {
        why_not: '',
        typed: null,
        consistent: isConsistencyAsked ? consistent.value === 'yes' : null,
      }
      corrected(
        await request('POST', '/api/v1/presentations/{token}/correction/', where, {
          ...correction,
          ...more,
        }),
      )
    },
    make('label', { for: 'corrected-verdict' }, 'The mask is'),
    verdict,
    ...(isConsistencyAsked
      ? [
          make('label', { for: 'corrected-consistency' }, 'Does it follow from the counts?'),
          consistent,
        ]
      : []),
    make('label', { for: 'correction-reason' }, 'Reason'),
    reason,
  )
}

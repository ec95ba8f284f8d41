// What ends a draft: it is opened or deleted, as it was seen, after one question.

import { Refused } from '../api/errors'
import { make } from '../elements'
import { askFirst } from '../study/dialog'
import { type DraftSaving, STILL_UNSAVED } from './draftSaving'

const NO_DRAFT_ANY_MORE = ['StudyNotDraft', 'ReferenceNotDraft']

export interface SeenDraft {
  readonly reason: string
  readonly follows: string[]
}

/** The button that deletes a draft that has one of these revisions, and then leaves. */
export function deletionButton(
  text: string,
  revisions: () => string[],
  send: (seen: SeenDraft) => Promise<unknown>,
  leave: () => void,
): HTMLElement {
  const ask = (): void => {
    const reason = make('textarea', { id: 'deletion-reason', required: true, maxlength: 2000 })
    askFirst(
      'Delete this draft?',
      text,
      'Delete',
      async () => {
        try {
          await send({ reason: reason.value, follows: revisions() })
        } catch (error) {
          if (!(error instanceof Refused && error.status === 404)) throw error // gone: as asked
        }
        leave()
      },
      make('label', { for: 'deletion-reason' }, 'Reason (kept by the audit log)'),
      reason,
    )
  }
  return make('button', { type: 'button', class: 'quiet', click: ask }, 'Delete this draft')
}

export interface Opening {
  readonly title: string
  readonly text: string
  readonly send: (seen: SeenDraft) => Promise<unknown>
  /** Shows what the draft has become. */
  readonly refresh: () => Promise<void>
  /** Says beside the fields what keeps the draft from being opened, and returns it in words. */
  readonly explain: (error: unknown) => string
}

/** This will ask, and open a draft of which everything is saved. */
export function askToOpen<Answer>(saving: DraftSaving<Answer>, opening: Opening): void {
  const reason = make('textarea', { id: 'opening-reason', maxlength: 2000 })
  askFirst(
    opening.title,
    opening.text,
    'Open',
    async () => {
      if (saving.isUnsaved) throw new Error(STILL_UNSAVED)
      try {
        await opening.send({ reason: reason.value, follows: [saving.revision] })
      } catch (error) {
        // It may be open since the last try, whose answer was lost: that is shown below.
        if (!(error instanceof Refused && NO_DRAFT_ANY_MORE.includes(error.code))) {
          const told = opening.explain(error)
          throw error instanceof Refused && error.isSignedOut ? error : new Error(told)
        }
      }
      await opening.refresh()
      saving.end()
    },
    make('label', { for: 'opening-reason' }, 'Reason, if you like (kept by the audit log)'),
    reason,
  )
}

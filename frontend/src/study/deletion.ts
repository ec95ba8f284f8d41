// Deleting a draft: asked once, with a reason.

import { request } from '../api/client'
import type { Study } from '../api/types'
import { make } from '../elements'
import type { DraftSaving } from '../saving/draftSaving'
import { askFirst } from './dialog'
import type { StudyPageData } from './studyPage'

/**
 * The button that deletes a draft and then leaves for the list of studies. One that is edited is
 * deleted as it was seen, and saved no more.
 */
export function deletionButton(data: StudyPageData, saving?: DraftSaving<Study>): HTMLElement {
  const ask = (): void => {
    const reason = make('textarea', { id: 'deletion-reason', required: true, maxlength: 2000 })
    askFirst(
      'Delete this draft?',
      'The masks and the people stay; only the draft goes.',
      'Delete',
      async () => {
        const { study: slug } = data
        const asked = { reason: reason.value, revision: saving?.revision ?? null }
        await request('POST', '/api/v1/studies/{slug}/delete/', { slug }, asked)
        saving?.end()
        location.assign(data.studies)
      },
      make('label', { for: 'deletion-reason' }, 'Reason (kept by the audit log)'),
      reason,
    )
  }
  return make('button', { type: 'button', class: 'quiet', click: ask }, 'Delete this draft')
}

// Deleting a case, for its coordinators: asked once, with a reason.

import { request } from '../api/client'
import { make } from '../elements'
import { askFirst } from '../study/dialog'

/** The part of a case's page that deletes it and then leaves for `afterwards`. */
export function deletionPart(code: string, afterwards: string): HTMLElement {
  const reason = make('textarea', { id: 'deletion-reason', required: true, maxlength: 2000 })
  const ask = (): void =>
    askFirst(
      `Delete case ${code}?`,
      'Its scans, masks and jobs are deleted for good, and its code is never given again. The audit log keeps who deleted it, when and why.',
      'Delete for good',
      async () => {
        await request('POST', '/api/v1/cases/{code}/delete/', { code }, { reason: reason.value })
        location.assign(afterwards)
      },
      make('label', { for: 'deletion-reason' }, 'Reason'),
      reason,
    )
  return make(
    'section',
    { 'aria-label': 'Deleting' },
    make('h2', {}, 'Delete'),
    make('p', { class: 'hint' }, 'A case whose mask is in a study cannot be deleted.'),
    make('button', { type: 'button', class: 'danger', click: ask }, 'Delete this case…'),
  )
}

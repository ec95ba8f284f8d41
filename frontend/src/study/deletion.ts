// Deleting a draft: asked once, with a reason.

import { request } from '../api/client'
import { deletionButton } from '../saving/endOfDraft'
import type { StudyPageData } from './studyPage'

/** The button that deletes the draft that was seen, and then leaves for the list of studies. */
export function studyDeletion(
  { study: slug, studies }: StudyPageData,
  revisions: () => string[],
  end = (): void => undefined,
): HTMLElement {
  return deletionButton(
    'The masks and the people stay; only the draft goes.',
    revisions,
    (seen) => request('POST', '/api/v1/studies/{slug}/delete/', { slug }, seen),
    () => {
      end()
      location.assign(studies)
    },
  )
}

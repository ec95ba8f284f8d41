// How an editor opens: what is to be drawn is found and fetched, or the page says why it is not.

import { fetchBytes } from '../api/client'
import { make } from '../elements'
import type { Send } from '../saving/outbox'
import { openOutboxStore } from '../saving/outboxStore'
import { showTrouble } from '../trouble'
import { loadLabels, loadScan, UnusableVolume } from '../viewer/load'
import { isSameGrid } from '../voxels/grid'
import { Editor } from './editor'
import type { EditorTask, Page } from './task'

/**
 * This will find what is to be drawn and open it inside `root`; `find` is given what an earlier page
 * could not send, and answers null when it leads elsewhere or has said why there is nothing to draw.
 */
export async function openEditor(
  root: HTMLElement,
  page: Page,
  find: (kept: readonly Send[]) => Promise<EditorTask | null>,
): Promise<void> {
  root.replaceChildren(
    make('p', { class: 'hint editor-loading', role: 'status' }, 'Loading the drawing…'),
  )
  try {
    const store = await openOutboxStore()
    // Asked before the server is: what another page sends meanwhile is in one of the two.
    const kept = (await store.pending(page.owner, page.key)).map(({ send }) => send)
    const task = await find(kept)
    if (!task) return
    const flair = task.scans.find(({ sequence }) => sequence === 'FLAIR')
    if (!flair) throw new UnusableVolume('This case has no FLAIR to draw on.')
    const [scan, start] = await Promise.all([
      fetchBytes(flair.volume).then(loadScan),
      task.start ? fetchBytes(task.start).then(loadLabels) : null,
    ])
    if (start && !isSameGrid(start.grid, scan.grid)) {
      throw new UnusableVolume('The mask does not lie on the grid of the FLAIR.')
    }
    await new Editor(root, page, task, scan, store).begin(start?.labels ?? null, kept)
  } catch (error) {
    const trouble = make('p', { class: 'trouble', role: 'alert' })
    const again = (): void => void openEditor(root, page, find)
    showTrouble(trouble, error)
    root.replaceChildren(
      make(
        'div',
        { class: 'editor-loading' },
        trouble,
        make(
          'div',
          { class: 'choices' },
          make('button', { type: 'button', click: again }, 'Try again'),
          make('a', { href: page.home, class: 'quiet' }, 'Leave'),
        ),
      ),
    )
  }
}

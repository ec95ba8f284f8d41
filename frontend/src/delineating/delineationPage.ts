// The page of one case: the editor while it can be drawn, a few calm words when it no longer can.

import { request } from '../api/client'
import type { Assignment, Delineation } from '../api/types'
import { openEditor } from '../editor/openEditor'
import type { EditorTask } from '../editor/task'
import { make, plural } from '../elements'
import type { Send } from '../saving/outbox'
import { DelineationTask } from './delineationTask'

export interface DelineationPageData {
  readonly delineation: string
  readonly owner: string
  readonly login: string
  /** The address of the list of cases, with TOKEN for the share's. */
  readonly assignment_page: string
}

/** This will open a case, or go on with it, inside `root`. */
export function showDelineation(root: HTMLElement, data: DelineationPageData): Promise<void> {
  const { owner, login, delineation } = data
  const page = { owner, login, key: delineation, home: '/' }
  return openEditor(root, page, (kept) => find(root, data, kept))
}

async function find(
  root: HTMLElement,
  data: DelineationPageData,
  kept: readonly Send[],
): Promise<EditorTask | null> {
  const token = { token: data.delineation }
  const found = await request('POST', '/api/v1/delineations/{token}/open/', token)
  const list = data.assignment_page.replace('TOKEN', found.assignment)
  const share = await request('GET', '/api/v1/assignments/{assignment}/', {
    assignment: found.assignment,
  })
  const text = kept.length === 0 ? overText(found, share.state) : ''
  if (!text) return new DelineationTask(found, kept, list)
  root.replaceChildren(over(found, text, list))
  return null
}

function over({ title }: Delineation, text: string, list: string): HTMLElement {
  const back = make('a', { href: list, class: 'primary' }, 'Your cases')
  const card = make(
    'div',
    { class: 'lobby-card' },
    make('h1', {}, title),
    make('p', { class: 'lead' }, text),
    make('div', { class: 'choices' }, back),
  )
  return make('section', { class: 'lobby' }, card)
}

/** What a case is that can be drawn no more, in words; '' while it can. */
function overText({ submitted_at, dots }: Delineation, state: Assignment['state']): string {
  if (submitted_at) {
    const decided =
      dots.length > 0 ? ` and what you decided about ${plural(dots.length, 'dot')}` : ''
    return `You have submitted this case. What you drew${decided} is stored and locked.`
  }
  if (state === 'left') {
    return 'You have left this study. Whatever you had submitted is stored and counts; nothing more can be drawn.'
  }
  return state === 'closed'
    ? 'This study is closed. Whatever was shown as saved is stored; nothing more can be drawn.'
    : ''
}

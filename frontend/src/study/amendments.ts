// Amendments of an open study: what may still change after the opening, each with a reason.

import { request } from '../api/client'
import { explanation } from '../api/errors'
import type { Amendment, AmendmentKind, Study } from '../api/types'
import { make } from '../elements'
import { timeFormat } from '../time'
import { askFirst } from './dialog'

const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'short' })

/** This will offer amendments and list those that were made. */
export function amendmentsPanel(study: Study, refresh: () => Promise<void>): HTMLElement {
  const trouble = make('p', { class: 'trouble', role: 'alert' })
  const join = async (): Promise<void> => {
    try {
      await askWhoJoins(study, refresh)
    } catch (error) {
      trouble.textContent = explanation(error)
    }
  }
  return make(
    'section',
    { class: 'sheet' },
    make('h2', {}, 'Amendments'),
    make(
      'p',
      {},
      'The design is frozen. A rater can still join or leave, and a mask can be withdrawn; each is a deviation that the report tells, with your reason.',
    ),
    ...amendmentList(study),
    make(
      'div',
      { class: 'actions' },
      make(
        'button',
        { type: 'button', 'data-action': 'join', click: () => void join() },
        'A rater joins…',
      ),
      make(
        'button',
        { type: 'button', 'data-action': 'leave', click: () => askWhoLeaves(study, refresh) },
        'A rater leaves…',
      ),
      make(
        'button',
        { type: 'button', 'data-action': 'withdraw', click: () => askWhatGoes(study, refresh) },
        'Withdraw a mask…',
      ),
    ),
    trouble,
  )
}

/** What was amended, as a list; nothing where nothing was. */
function amendmentList(study: Study): HTMLElement[] {
  if (study.amendments.length === 0) return []
  const lines = study.amendments.map((one) =>
    make(
      'li',
      {},
      `${moment(one.at)}: ${said(one, study)} `,
      make('q', {}, one.reason),
      ...(one.commitment
        ? [make('p', { class: 'hash' }, `Commitment to the order: ${one.commitment}`)]
        : []),
    ),
  )
  return [make('ul', { class: 'plain', 'data-list': 'amendments' }, ...lines)]
}

function said(one: Amendment, study: Study): string {
  switch (one.kind) {
    case 'rater_joined':
      return `${one.rater} joined.`
    case 'rater_left':
      return `${one.rater} left.`
    case 'item_withdrawn': {
      const mask = study.items.find((item) => item.key === one.item)
      return `${mask ? `${mask.case}: ${mask.title}` : one.item} was withdrawn.`
    }
  }
}

async function askWhoJoins(study: Study, refresh: () => Promise<void>): Promise<void> {
  const { users } = await request('GET', '/api/v1/studies/{slug}/candidates/', { slug: study.id })
  const there = new Set(study.raters.map((rater) => rater.username))
  const free = users.filter((user) => !there.has(user.username)).map((user) => user.username)
  ask(
    study,
    refresh,
    'rater_joined',
    'Who joins?',
    'They get an order of their own, drawn from the same secret; a hash of it is shown from then on. All other orders stay as they are.',
    free.map((name) => [name, name]),
  )
}

function askWhoLeaves(study: Study, refresh: () => Promise<void>): void {
  const there = study.raters.filter((rater) => rater.left_at === null)
  ask(
    study,
    refresh,
    'rater_left',
    'Who leaves?',
    'Their reading ends for good. What they submitted is kept and analysed; what is left counts as missing.',
    there.map((rater) => [rater.username, rater.name || rater.username]),
  )
}

function askWhatGoes(study: Study, refresh: () => Promise<void>): void {
  const there = study.items.filter((item) => item.withdrawn_at === null)
  ask(
    study,
    refresh,
    'item_withdrawn',
    'Which mask is withdrawn?',
    'It is shown to nobody any more and left out of every analysis. Answers about it are kept and exported. Raters are told nothing but a smaller number of presentations.',
    there.map((item) => [item.segmentation, `${item.case}: ${item.title}`]),
  )
}

/** One choice, one reason, one request. */
function ask(
  study: Study,
  refresh: () => Promise<void>,
  kind: AmendmentKind,
  title: string,
  text: string,
  options: [string, string][],
): void {
  const choice = make(
    'select',
    { id: 'amendment-of', required: true },
    ...options.map(([value, shown]) => make('option', { value }, shown)),
  )
  const reason = make('textarea', { id: 'amendment-reason', required: true, maxlength: 2000 })
  const field = kind === 'item_withdrawn' ? 'segmentation' : 'rater'
  askFirst(
    title,
    text,
    'Amend the study',
    async () => {
      const about = { rater: '', segmentation: null, [field]: choice.value }
      const amending = { kind, reason: reason.value, ...about }
      await request('POST', '/api/v1/studies/{slug}/amendments/', { slug: study.id }, amending)
      await refresh()
    },
    make('label', { for: 'amendment-of' }, field === 'rater' ? 'Rater' : 'Mask'),
    choice,
    make('label', { for: 'amendment-reason' }, 'Reason (kept with the study, in the report)'),
    reason,
  )
}

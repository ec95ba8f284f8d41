// The requests of a reading.

import { request } from '../api/client'
import type { Answer, Presentation, Reading, Saved } from '../api/types'
import type { Send } from './outbox'

function address(presentation: string): string {
  return `/api/v1/presentations/${encodeURIComponent(presentation)}/`
}

export function openPresentation(presentation: string): Promise<Presentation> {
  return request('POST', `${address(presentation)}open/`)
}

export function openedPresentation(presentation: string): Promise<Presentation> {
  return request('GET', address(presentation))
}

export function submitAnswer(presentation: string, answer: Answer): Promise<Reading> {
  return request('POST', `${address(presentation)}submit/`, answer)
}

/** This will store one change and return when the server stored it. */
export async function deliver(presentation: string, send: Send): Promise<Date> {
  const url = address(presentation)
  if (send.kind === 'comment') {
    return stored(await request('PUT', `${url}comment/`, { comment: send.comment }))
  }
  const mark = `${url}marks/${send.id}/`
  if (send.kind === 'removal') return stored(await request('DELETE', mark))
  return stored(await request('PUT', mark, send.body))
}

function stored(saved: Saved | undefined): Date {
  return saved ? new Date(saved.saved_at) : new Date()
}

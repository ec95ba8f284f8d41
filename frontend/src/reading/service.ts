// The requests of a reading.

import { request } from '../api/client'
import type { Answer, Presentation, Reading, Saved, ShownView } from '../api/types'
import type { Send } from './outbox'

const MARK = '/api/v1/presentations/{token}/marks/{mark_id}/'

export function openPresentation(token: string): Promise<Presentation> {
  return request('POST', '/api/v1/presentations/{token}/open/', { token })
}

export function openedPresentation(token: string): Promise<Presentation> {
  return request('GET', '/api/v1/presentations/{token}/', { token })
}

export function submitAnswer(token: string, answer: Answer): Promise<Reading> {
  return request('POST', '/api/v1/presentations/{token}/submit/', { token }, answer)
}

export function saveView(token: string, view: ShownView): Promise<Saved> {
  return request('PUT', '/api/v1/presentations/{token}/view/', { token }, view)
}

/** This will store one change and return when the server stored it. */
export async function deliver(token: string, send: Send): Promise<Date> {
  return new Date((await delivered(token, send)).saved_at)
}

function delivered(token: string, send: Send): Promise<Saved> {
  if (send.kind === 'comment') {
    const { comment } = send
    return request('PUT', '/api/v1/presentations/{token}/comment/', { token }, { comment })
  }
  const mark = { token, mark_id: send.id }
  if (send.kind === 'removal') return request('DELETE', MARK, mark)
  return request('PUT', MARK, mark, send.body)
}

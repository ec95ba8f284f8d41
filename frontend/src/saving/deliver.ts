// How a change reaches the server.

import { request } from '../api/client'
import type { Saved } from '../api/types'
import { isEdit, type Send } from './outbox'

const DECISION = '/api/v1/delineations/{token}/dots/{dot}/decisions/{decision_id}/'
const DELINEATED = '/api/v1/delineations/{token}/edits/{edit_id}/'
const DRAWN = '/api/v1/drawings/{id}/edits/{edit_id}/'
const MARK = '/api/v1/presentations/{token}/marks/{mark_id}/'

/** This will store one change of a presentation, a drawing or a delineation, and return when it was stored. */
export async function deliver(token: string, send: Send): Promise<Date> {
  return new Date((await delivered(token, send)).saved_at)
}

function delivered(token: string, send: Send): Promise<Saved> {
  if (isEdit(send)) {
    return send.kind === 'edit'
      ? request('PUT', DRAWN, { id: token, edit_id: send.id }, send.body)
      : request('PUT', DELINEATED, { token, edit_id: send.id }, send.body)
  }
  if (send.kind === 'decision') {
    return request('PUT', DECISION, { token, dot: send.dot, decision_id: send.id }, send.body)
  }
  if (send.kind === 'comment') {
    const { comment } = send
    return request('PUT', '/api/v1/presentations/{token}/comment/', { token }, { comment })
  }
  const mark = { token, mark_id: send.id }
  if (send.kind === 'removal') return request('DELETE', MARK, mark)
  return request('PUT', MARK, mark, send.body)
}

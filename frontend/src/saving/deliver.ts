// How a change reaches the server.

import { request } from '../api/client'
import type { Saved } from '../api/types'
import type { Send } from './outbox'

const MARK = '/api/v1/presentations/{token}/marks/{mark_id}/'

/** This will store one change of a presentation or a drawing, and return when it was stored. */
export async function deliver(token: string, send: Send): Promise<Date> {
  return new Date((await delivered(token, send)).saved_at)
}

function delivered(token: string, send: Send): Promise<Saved> {
  if (send.kind === 'edit') {
    const edit = { id: token, edit_id: send.id }
    return request('PUT', '/api/v1/drawings/{id}/edits/{edit_id}/', edit, send.body)
  }
  if (send.kind === 'comment') {
    const { comment } = send
    return request('PUT', '/api/v1/presentations/{token}/comment/', { token }, { comment })
  }
  const mark = { token, mark_id: send.id }
  if (send.kind === 'removal') return request('DELETE', MARK, mark)
  return request('PUT', MARK, mark, send.body)
}

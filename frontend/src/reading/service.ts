// The requests of a reading.

import { request } from '../api/client'
import type { Answer, Presentation, Reading, Saved, ShownView } from '../api/types'

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

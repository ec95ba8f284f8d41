// Every request of the pages goes through here: session cookie, CSRF header, named errors. A page
// asks for the person whom it was made for; when somebody else has logged in, nothing is sent.

import { Refused, Unreachable } from './errors'
import { isSomebodyElse, pageOwner } from './owner'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

function csrfToken(): string {
  const found = /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)
  if (found?.[1]) return decodeURIComponent(found[1])
  const field = document.querySelector<HTMLInputElement>('input[name=csrfmiddlewaretoken]')
  return field?.value ?? ''
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

async function refusal(response: Response): Promise<Refused> {
  return refused(response.status, await response.json().catch(() => null))
}

function refused(status: number, body: unknown): Refused {
  if (isRecord(body) && typeof body.code === 'string' && typeof body.message === 'string') {
    const fields = isRecord(body.fields) ? (body.fields as Record<string, string[]>) : {}
    return new Refused(status, body.code, body.message, fields)
  }
  const message =
    status === 401
      ? 'Your login has ended. Log in again; nothing that was saved is lost.'
      : `The server could not answer this request (${status}). Try again.`
  return new Refused(status, 'Unexplained', message)
}

const SOMEBODY_ELSE =
  'Somebody else has logged in at this browser since this page was opened. Nothing was sent; reload the page to go on as that person.'

/** This will refuse to send what one person did under another person's login. */
function refuseForSomebodyElse(): void {
  if (isSomebodyElse()) throw new Refused(403, 'SomebodyElse', SOMEBODY_ELSE)
}

/** What every request says: who asks, and that no other site makes it. */
function said(method: Method): Headers {
  const headers = new Headers({ Accept: 'application/json' })
  const owner = pageOwner()
  if (owner) headers.set('X-Plaque-Owner', owner)
  if (method !== 'GET') headers.set('X-CSRFToken', csrfToken())
  return headers
}

async function answer(method: Method, url: string, body: BodyInit | null, type: string | null) {
  refuseForSomebodyElse()
  const headers = said(method)
  if (type) headers.set('Content-Type', type)
  let response: Response
  try {
    response = await fetch(url, {
      method,
      headers,
      body,
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
    })
  } catch {
    throw new Unreachable()
  }
  if (!response.ok) throw await refusal(response)
  return response
}

/** This will send a JSON request and return the parsed answer. Raises Refused, Unreachable. */
export async function request<Answer>(
  method: Method,
  url: string,
  body?: unknown,
): Promise<Answer> {
  const sent = body === undefined ? null : JSON.stringify(body)
  const response = await answer(method, url, sent, sent === null ? null : 'application/json')
  if (response.status === 204) return undefined as Answer
  return (await response.json()) as Answer
}

/**
 * This will send a form with files, reporting the share sent (0 to 1), and return the parsed answer.
 * `signal` ends it early. Raises Refused, Unreachable (also when it was ended). XMLHttpRequest: fetch
 * does not report what was sent.
 */
export function sendForm<Answer>(
  url: string,
  form: FormData,
  progress: (share: number) => void,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    refuseForSomebodyElse()
    const sending = new XMLHttpRequest()
    sending.open('POST', url)
    said('POST').forEach((value, name) => {
      sending.setRequestHeader(name, value)
    })
    sending.responseType = 'json'
    sending.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total)
    })
    sending.addEventListener('load', () => {
      if (sending.status >= 200 && sending.status < 300) resolve(sending.response as Answer)
      else reject(refused(sending.status, sending.response))
    })
    sending.addEventListener('error', () => reject(new Unreachable()))
    sending.addEventListener('abort', () => reject(new Unreachable()))
    signal.addEventListener('abort', () => sending.abort())
    sending.send(form)
  })
}

/** This will fetch the bytes of a volume. Raises Refused, Unreachable. */
export async function fetchBytes(url: string): Promise<ArrayBuffer> {
  const response = await answer('GET', url, null, null)
  try {
    return await response.arrayBuffer()
  } catch {
    throw new Unreachable() // the connection broke in the middle
  }
}

/** This will read the JSON block that the server wrote into the page. */
export function pageData<Data>(): Data {
  const block = document.getElementById('page-data')
  return JSON.parse(block?.textContent ?? 'null') as Data
}

// Every request of the pages goes through here: session cookie, CSRF header, named errors. A page
// asks for the person whom it was made for; when somebody else has logged in, nothing is sent.

import { Refused, Unreachable } from './errors'
import { isSomebodyElse, pageOwner } from './owner'
import type { paths } from './schema'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

// --- What the schema says of a path and a method --------------------------------------------------

/** The paths that take a method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P][Lowercase<M>] extends undefined ? never : P
}[keyof paths]

type Operation<M extends Method, P extends keyof paths> = NonNullable<paths[P][Lowercase<M>]>
type Json<Content> = { content: { 'application/json': Content } }
type Named<Part> = [NonNullable<Part>] extends [never] ? unknown : NonNullable<Part>

/** What fills the slots of the path, and what else may be asked (`?name=`). */
export type ParametersOf<M extends Method, P extends keyof paths> =
  Operation<M, P> extends { parameters: { path?: infer Slots; query?: infer Query } }
    ? Named<Slots> & Named<Query>
    : never

/** The body to send, as the rest of an argument list: none where none is taken. */
export type BodyOf<M extends Method, P extends keyof paths> =
  Operation<M, P> extends { requestBody?: infer Sent }
    ? [NonNullable<Sent>] extends [never]
      ? []
      : NonNullable<Sent> extends Json<infer Content>
        ? [body: Content]
        : []
    : []

/** What comes back; undefined where nothing does. */
export type AnswerOf<M extends Method, P extends keyof paths> =
  Operation<M, P> extends { responses: { 200: Json<infer Content> } }
    ? Content
    : Operation<M, P> extends { responses: { 201: Json<infer Content> } }
      ? Content
      : undefined

/** This will fill the slots of a path and append what remains as a query; what is undefined goes. */
export function address<P extends keyof paths>(
  path: P,
  parameters: Readonly<Record<string, string | number | undefined>>,
): string {
  const query = new URLSearchParams()
  let filled: string = path
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue
    const slot = `{${name}}`
    if (filled.includes(slot)) filled = filled.replace(slot, () => encodeURIComponent(value))
    else query.set(name, String(value))
  }
  return query.size > 0 ? `${filled}?${query}` : filled
}

// --- Requests -------------------------------------------------------------------------------------

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

async function answer(
  method: Method,
  url: string,
  body: BodyInit | null,
  type: string | null,
  signal: AbortSignal | null = null,
) {
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
      signal,
    })
  } catch {
    throw new Unreachable()
  }
  if (!response.ok) throw await refusal(response)
  return response
}

/**
 * This will send a JSON request to a path of the API and return the parsed answer. A signal, last,
 * ends it early. Raises Refused, Unreachable (also when it was ended).
 */
export async function request<M extends Method, P extends PathOf<M>>(
  method: M,
  path: P,
  parameters: ParametersOf<M, P> & Parameters<typeof address>[1],
  ...rest: [...BodyOf<M, P>, signal?: AbortSignal]
): Promise<AnswerOf<M, P>> {
  const signal = rest.find((one) => one instanceof AbortSignal)
  const body = rest.find((one) => one !== signal)
  const sent = body === undefined ? null : JSON.stringify(body)
  const type = sent === null ? null : 'application/json'
  const response = await answer(method, address(path, parameters), sent, type, signal)
  if (response.status === 204) return undefined as AnswerOf<M, P>
  try {
    return (await response.json()) as AnswerOf<M, P>
  } catch {
    throw new Unreachable() // it broke off, or something between answered instead
  }
}

/**
 * This will send a form with files, reporting the share sent (0 to 1), and return the parsed answer.
 * `signal` ends it early. Raises Refused, Unreachable (also when it was ended). XMLHttpRequest: fetch
 * does not report what was sent.
 */
export function sendForm<P extends PathOf<'POST'>>(
  path: P,
  parameters: ParametersOf<'POST', P> & Parameters<typeof address>[1],
  form: FormData,
  progress: (share: number) => void,
  signal: AbortSignal,
): Promise<AnswerOf<'POST', P>> {
  return new Promise((resolve, reject) => {
    refuseForSomebodyElse()
    const sending = new XMLHttpRequest()
    sending.open('POST', address(path, parameters))
    said('POST').forEach((value, name) => {
      sending.setRequestHeader(name, value)
    })
    sending.responseType = 'json'
    sending.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total)
    })
    sending.addEventListener('load', () => {
      if (sending.status >= 200 && sending.status < 300)
        resolve(sending.response as AnswerOf<'POST', P>)
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

import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { Refused, Unreachable } from '../api/errors'
import { savingText } from './badge'
import { Outbox, type SavingState, type Send } from './outbox'
import { MemoryStore, openOutboxStore } from './outboxStore'

const NOON = new Date('2026-03-02T12:00:00Z')

/** A server that stores what reaches it, and can be out of reach or refuse. */
class Server {
  stored: string[] = []
  trouble: Error | null = null

  deliver = async (send: Send): Promise<Date> => {
    await Promise.resolve()
    if (this.trouble) throw this.trouble
    this.stored.push(
      send.kind === 'comment' ? `comment ${send.comment}` : `${send.kind} ${send.id}`,
    )
    return NOON
  }
}

interface Page {
  outbox: Outbox
  states: SavingState[]
  retryNow: () => void
}

async function openPage(server: Server, database: string, owner = 'rita'): Promise<Page> {
  const states: SavingState[] = []
  let due: () => void = () => {}
  const outbox = new Outbox({
    store: await openOutboxStore(database),
    owner,
    presentation: 'token',
    deliver: server.deliver,
    onChange: (state) => states.push(state),
    savedAt: null,
    delay: (_, then) => {
      due = then
      return () => {}
    },
  })
  return { outbox, states, retryNow: () => due() }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1))
}

function mark(id: string): Send {
  return {
    kind: 'mark',
    id,
    body: { kind: 'FN', lesion: null, mm: [1, 2, 3], reason: '', counts_as: 1 },
  }
}

test('changes arrive in order, and only then is everything called saved', async () => {
  const server = new Server()
  const { outbox, states } = await openPage(server, 'order')
  outbox.add(mark('a'))
  outbox.add({ kind: 'removal', id: 'a' })
  outbox.add(mark('b'))
  expect(outbox.state.kind).toBe('saving')
  await settle()
  expect(server.stored).toEqual(['mark a', 'removal a', 'mark b'])
  expect(outbox.state).toEqual({ kind: 'saved', at: NOON })
  const firstSaved = states.findIndex((state) => state.kind === 'saved')
  expect(states.slice(firstSaved).every((state) => state.kind === 'saved')).toBe(true)
})

test('without a server work goes on, is shown as unsaved, and arrives once later', async () => {
  const server = new Server()
  server.trouble = new Unreachable()
  const { outbox, retryNow } = await openPage(server, 'offline')
  outbox.add(mark('a'))
  outbox.add(mark('b'))
  await settle()
  expect(outbox.state).toEqual({ kind: 'retrying', unsent: 2, isKept: true })
  expect(savingText(outbox.state)).toContain('2 changes kept in this browser')
  server.trouble = null
  retryNow()
  await settle()
  expect(server.stored).toEqual(['mark a', 'mark b'])
  expect(outbox.isEmpty).toBe(true)
})

test('a reload finds what was not sent, for the same person only', async () => {
  const server = new Server()
  server.trouble = new Refused(503, 'Unexplained', 'Down')
  const before = await openPage(server, 'reload')
  before.outbox.add(mark('a'))
  await settle()
  before.outbox.stop()

  server.trouble = null
  const other = await openPage(server, 'reload', 'ravi')
  expect(await other.outbox.resume()).toEqual([])
  await settle()
  expect(server.stored).toEqual([])

  const after = await openPage(server, 'reload')
  expect(await after.outbox.resume()).toEqual([mark('a')])
  await settle()
  expect(server.stored).toEqual(['mark a'])
  const again = await openPage(server, 'reload')
  expect(await again.outbox.resume()).toEqual([])
})

test('after the login has ended marks wait, and go out when it is back', async () => {
  const server = new Server()
  server.trouble = new Refused(401, 'NotSignedIn', 'Log in')
  const { outbox } = await openPage(server, 'login')
  outbox.add(mark('a'))
  await settle()
  expect(outbox.state.kind).toBe('signed_out')
  server.trouble = null
  outbox.retry()
  await settle()
  expect(server.stored).toEqual(['mark a'])
})

test('what the server refuses for good is said and never called saved', async () => {
  const server = new Server()
  server.trouble = new Refused(409, 'AlreadySubmitted', 'It is locked.')
  const { outbox } = await openPage(server, 'refused')
  outbox.add(mark('a'))
  outbox.add(mark('b'))
  await settle()
  const refused = { kind: 'refused', unsent: 2, code: 'AlreadySubmitted', message: 'It is locked.' }
  expect(outbox.state).toEqual(refused)
  server.trouble = null
  await outbox.discardRefused()
  await settle()
  expect(server.stored).toEqual(['mark b'])
  expect(outbox.isEmpty).toBe(true)
})

test('of a comment that is typed on, the last version arrives', async () => {
  const server = new Server()
  server.trouble = new Unreachable()
  const { outbox, retryNow } = await openPage(server, 'comment')
  for (const comment of ['a', 'ab', 'abc']) outbox.add({ kind: 'comment', comment })
  await settle()
  server.trouble = null
  retryNow()
  await settle()
  expect(server.stored.at(-1)).toBe('comment abc')
  expect(outbox.isEmpty).toBe(true)
})

test('text being typed is not saved yet', async () => {
  const { outbox } = await openPage(new Server(), 'typing')
  outbox.noteEditing()
  expect(outbox.isEmpty).toBe(false)
  outbox.add({ kind: 'comment', comment: 'done' })
  await settle()
  expect(outbox.isEmpty).toBe(true)
})

test('under another login nothing is tried again until the person is back', async () => {
  const server = new Server()
  server.trouble = new Refused(403, 'SomebodyElse', 'Somebody else')
  const { outbox, retryNow } = await openPage(server, 'somebody-else')
  outbox.add(mark('a'))
  await settle()
  expect(outbox.state).toEqual({ kind: 'somebody_else', unsent: 1, isKept: true })
  server.trouble = null
  retryNow()
  await settle()
  expect(server.stored).toEqual([])
  outbox.retry()
  await settle()
  expect(server.stored).toEqual(['mark a'])
})

test('a browser without a database keeps marks per person as long as the page is open', async () => {
  const store = new MemoryStore()
  const kept = await store.keep('rita', 'token', mark('a'))
  await store.keep('ravi', 'token', mark('b'))
  expect((await store.pending('rita', 'token')).map(({ send }) => send)).toEqual([mark('a')])
  await store.forget(kept)
  expect(await store.pending('rita', 'token')).toEqual([])
  expect((await store.pending('ravi', 'token')).length).toBe(1)
})

test('the browser tells which presentations of a person wait, and nothing of anybody else', async () => {
  const store = await openOutboxStore('waiting')
  const kept = await store.keep('rita', 'first', mark('a'))
  await store.keep('rita', 'first', mark('b'))
  await store.keep('rita', 'second', mark('c'))
  await store.keep('ravi', 'third', mark('d'))
  expect(await store.presentations('rita')).toEqual(['first', 'second'])
  await store.forget(kept)
  for (const left of await store.pending('rita', 'second')) await store.forget(left)
  expect(await store.presentations('rita')).toEqual(['first'])
  expect(await store.presentations('rit')).toEqual([])
})

test('what is chosen and not submitted is kept for one person, until it is dropped', async () => {
  const store = await openOutboxStore('answers')
  const chosen = { outcome: 'rated', verdict: 'acceptable', reason: '', typed: null } as const
  const answer = { ...chosen, consistent: false }
  await store.keepAnswer('rita', 'token', answer)
  expect(await (await openOutboxStore('answers')).answer('rita', 'token')).toEqual(answer)
  expect(await store.answer('ravi', 'token')).toBeNull()
  expect(await store.answer('rita', 'other')).toBeNull()
  await store.keepAnswer('rita', 'token', null)
  expect(await store.answer('rita', 'token')).toBeNull()
})

// Where unsent changes wait: IndexedDB, or the page's memory when the browser offers nothing else.

import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { Counts, Outcome, ShownView, Verdict } from '../api/types'
import type { Send } from './outbox'

export interface Pending {
  readonly number: number
  readonly send: Send
  /** Whether it would survive closing the page. */
  readonly isKept: boolean
}

/** Where the rater stands in a presentation, to go on after a reload. */
export type Attention = ShownView

/** What a stroke has drawn or erased so far, as runs of voxels. */
export interface KeptStroke {
  readonly tool: string
  readonly added: readonly number[]
  readonly removed: readonly number[]
}

/** What a rater has chosen and not submitted; the server hears of it with the submission only. */
export interface KeptAnswer {
  readonly outcome: Outcome
  readonly verdict: Verdict | null
  readonly reason: string
  readonly typed: Counts | null
  /** Whether the verdict follows from the counts; null where the design does not ask, or unsaid. */
  readonly consistent: boolean | null
}

export interface OutboxStore {
  keep(owner: string, presentation: string, send: Send): Promise<Pending>
  forget(pending: Pending): Promise<void>
  pending(owner: string, presentation: string): Promise<Pending[]>
  /** The presentations of which changes of this person would survive closing the page. */
  presentations(owner: string): Promise<string[]>
  attention(owner: string, presentation: string): Promise<Attention | null>
  keepAttention(owner: string, presentation: string, attention: Attention | null): Promise<void>
  answer(owner: string, presentation: string): Promise<KeptAnswer | null>
  keepAnswer(owner: string, presentation: string, answer: KeptAnswer | null): Promise<void>
  /** A stroke that is not at its end: the page may be killed before. */
  stroke(owner: string, drawing: string): Promise<KeptStroke | null>
  keepStroke(owner: string, drawing: string, stroke: KeptStroke | null): Promise<void>
}

interface Rows extends DBSchema {
  unsent: {
    key: number
    value: { number?: number; owner: string; presentation: string; send: Send }
    indexes: { share: [string, string] }
  }
  attention: { key: [string, string]; value: Attention }
  strokes: { key: [string, string]; value: KeptStroke }
  answers: { key: [string, string]; value: KeptAnswer }
}

/** This will open the browser's database; without one, changes stay in the memory of the page. */
export async function openOutboxStore(name = 'plaque'): Promise<OutboxStore> {
  try {
    const database = await openDB<Rows>(name, 3, {
      upgrade(fresh, before) {
        if (before < 1) {
          const numbered = { keyPath: 'number', autoIncrement: true }
          const unsent = fresh.createObjectStore('unsent', numbered)
          unsent.createIndex('share', ['owner', 'presentation'])
          fresh.createObjectStore('attention')
        }
        if (before < 2) fresh.createObjectStore('strokes')
        fresh.createObjectStore('answers')
      },
      blocking: (_before, _after, event) => (event.target as IDBDatabase).close(),
    })
    return new BrowserStore(database)
  } catch {
    return new MemoryStore()
  }
}

export class MemoryStore implements OutboxStore {
  private next = -1
  private rows: { owner: string; presentation: string; pending: Pending }[] = []

  async keep(owner: string, presentation: string, send: Send): Promise<Pending> {
    this.next -= 1
    const pending = { number: this.next, send, isKept: false }
    this.rows.push({ owner, presentation, pending })
    return pending
  }

  async forget({ number }: Pending): Promise<void> {
    this.rows = this.rows.filter(({ pending }) => pending.number !== number)
  }

  async pending(owner: string, presentation: string): Promise<Pending[]> {
    return this.rows
      .filter((row) => row.owner === owner && row.presentation === presentation)
      .map((row) => row.pending)
  }

  async presentations(): Promise<string[]> {
    return []
  }

  async attention(): Promise<null> {
    return null
  }

  async keepAttention(): Promise<void> {}

  async answer(): Promise<null> {
    return null
  }

  async keepAnswer(): Promise<void> {}

  async stroke(): Promise<null> {
    return null
  }

  async keepStroke(): Promise<void> {}
}

class BrowserStore implements OutboxStore {
  private readonly memory = new MemoryStore()

  constructor(private readonly database: IDBPDatabase<Rows>) {}

  async keep(owner: string, presentation: string, send: Send): Promise<Pending> {
    try {
      const written = this.database.transaction('unsent', 'readwrite', { durability: 'strict' })
      const number = await written.store.add({ owner, presentation, send })
      await written.done
      return { number, send, isKept: true }
    } catch {
      return this.memory.keep(owner, presentation, send) // disk full, or storage switched off
    }
  }

  async forget(pending: Pending): Promise<void> {
    if (!pending.isKept) return this.memory.forget(pending)
    try {
      await this.database.delete('unsent', pending.number)
    } catch {
      // It will be sent once more after a reload, which the server takes without harm.
    }
  }

  async pending(owner: string, presentation: string): Promise<Pending[]> {
    const rows = await this.database.getAllFromIndex('unsent', 'share', [owner, presentation])
    const kept = rows.map((row) => ({ number: row.number ?? 0, send: row.send, isKept: true }))
    return [...kept, ...(await this.memory.pending(owner, presentation))]
  }

  async presentations(owner: string): Promise<string[]> {
    const share = IDBKeyRange.bound([owner], [owner, []]) // a list comes after every text
    const rows = await this.database.getAllFromIndex('unsent', 'share', share)
    return [...new Set(rows.map(({ presentation }) => presentation))]
  }

  async attention(owner: string, presentation: string): Promise<Attention | null> {
    const kept = await this.database.get('attention', [owner, presentation])
    return kept?.slice_ms ? kept : null // what earlier versions kept is passed over
  }

  async keepAttention(
    owner: string,
    presentation: string,
    attention: Attention | null,
  ): Promise<void> {
    const key: [string, string] = [owner, presentation]
    try {
      if (attention) await this.database.put('attention', attention, key)
      else await this.database.delete('attention', key)
    } catch {
      // Only the times of this presentation get less exact.
    }
  }

  async answer(owner: string, presentation: string): Promise<KeptAnswer | null> {
    return (await this.database.get('answers', [owner, presentation])) ?? null
  }

  async keepAnswer(owner: string, presentation: string, answer: KeptAnswer | null): Promise<void> {
    const key: [string, string] = [owner, presentation]
    try {
      const written = this.database.transaction('answers', 'readwrite')
      void (answer ? written.store.put(answer, key) : written.store.delete(key))
      written.commit() // the page may be left at once
      await written.done
    } catch {
      // After a reload the verdict would have to be chosen again.
    }
  }

  async stroke(owner: string, drawing: string): Promise<KeptStroke | null> {
    return (await this.database.get('strokes', [owner, drawing])) ?? null
  }

  async keepStroke(owner: string, drawing: string, stroke: KeptStroke | null): Promise<void> {
    const key: [string, string] = [owner, drawing]
    try {
      if (stroke) await this.database.put('strokes', stroke, key)
      else await this.database.delete('strokes', key)
    } catch {
      // Only what is under the pointer just now would be lost with the page.
    }
  }
}

// The course of a reading: where the rater stands, open, read, submit, next.

import { request } from '../api/client'
import { explanation, Refused } from '../api/errors'
import { watchOwner } from '../api/owner'
import type { Reading } from '../api/types'
import { openOutboxStore } from '../saving/outboxStore'
import { timeFormat } from '../time'
import { exposeHook } from '../viewer/hook'
import type { OwnKeys } from '../viewer/ownKeys'
import { Lobby } from './lobby'
import { Pace } from './pace'
import { Room } from './room'
import { openedPresentation, openPresentation } from './service'
import { ReadingTabs } from './tabs'
import { askAgainIn } from './washout'

const clockTime = timeFormat({ timeStyle: 'short' })

export interface ReadingPageData {
  readonly reading: string
  readonly urls: { readonly home: string }
  readonly user: string
  readonly keys: OwnKeys
  /** Whether the short list of keys is folded away. */
  readonly keys_folded: boolean
}

/** This will run a reading inside `root` until the page is left. */
export async function startReading(root: HTMLElement, data: ReadingPageData): Promise<void> {
  const session = new Session(root, data)
  await session.begin()
}

class Session {
  private room: Room | null = null
  private building: Promise<Room> | null = null
  private reading: Reading | null = null
  private isWorking = false
  private isSomebodyElse = false
  private wake: ReturnType<typeof setTimeout> | undefined
  private readonly pace = new Pace(() => Date.now())
  private readonly lobby: Lobby
  private readonly tabs: ReadingTabs

  constructor(
    private readonly root: HTMLElement,
    private readonly data: ReadingPageData,
  ) {
    this.lobby = new Lobby({
      open: () => void this.work('Opening…', () => this.open()),
      takeOver: () => {
        void this.work('Loading…', async () => {
          await this.tabs.takeOver()
          await this.arrive()
        })
      },
      retry: () => void this.work('Loading…', () => this.arrive()),
      goOn: (reading) => {
        this.reading = reading
        this.restAt(reading, '')
      },
      corrected: (reading) => {
        this.reading = reading
        this.restAt(reading, `Your correction is stored (${clockTime(new Date())}).`)
      },
      loginUrl: this.loginUrl,
      homeUrl: data.urls.home,
    })
    this.tabs = new ReadingTabs(data.reading, () => {
      this.room?.clear()
      this.rest(() => this.lobby.show({ kind: 'elsewhere', wasTakenOver: true }))
    })
  }

  async begin(): Promise<void> {
    this.root.append(this.lobby.element)
    this.lobby.show({ kind: 'loading', text: 'Loading…' })
    window.addEventListener('beforeunload', (event) => {
      if (this.room?.hasUnsent) event.preventDefault()
    })
    watchOwner(() => this.giveWay())
    if (!(await this.tabs.hold())) {
      this.lobby.show({ kind: 'elsewhere', wasTakenOver: false })
      return
    }
    await this.work('Loading…', () => this.arrive())
  }

  private get loginUrl(): string {
    return `/accounts/login/?next=${encodeURIComponent(location.pathname)}`
  }

  /** This will do one thing at a time and say so, and what went wrong. */
  private async work(text: string, act: () => Promise<void>): Promise<void> {
    if (this.isWorking) return
    this.isWorking = true
    this.isSomebodyElse = false
    clearTimeout(this.wake)
    this.lobby.show({ kind: 'loading', text })
    try {
      await act()
    } catch (error) {
      if (error instanceof Refused && error.isSomebodyElse) this.giveWay()
      const isSignedOut = error instanceof Refused && error.isSignedOut
      this.rest(() => this.lobby.show({ kind: 'failed', message: explanation(error), isSignedOut }))
    } finally {
      this.isWorking = false
    }
  }

  /** Where does the rater stand? A presentation that was opened before goes on by itself. */
  private async arrive(stored = ''): Promise<void> {
    this.reading = await request('GET', '/api/v1/readings/{reading}/', {
      reading: this.data.reading,
    })
    const { presentation, opened, state } = this.reading
    if (presentation && opened && state === 'ready') await this.enter(presentation, true)
    else {
      this.restAt(this.reading, stored)
      if (state === 'ready') this.builtRoom().catch(() => {}) // said when a presentation is opened
    }
  }

  private async open(): Promise<void> {
    const presentation = this.reading?.presentation
    if (presentation) await this.enter(presentation, false)
    else await this.arrive()
  }

  private async enter(token: string, isResumed: boolean): Promise<void> {
    const presentation = await (isResumed ? openedPresentation(token) : openPresentation(token))
    const room = await this.builtRoom()
    if (!this.reading) return
    await room.show(presentation, this.reading, isResumed)
    if (this.isSomebodyElse) {
      room.abandon()
      return
    }
    this.lobby.hide()
    room.element.inert = false
    room.takeFocus()
    this.root.dataset.ready = 'true'
  }

  /** The room is built while the rater still reads the start screen. */
  private builtRoom(): Promise<Room> {
    this.building ??= this.build().catch((error) => {
      this.building = null
      throw error
    })
    return this.building
  }

  private async build(): Promise<Room> {
    const element = document.createElement('div')
    element.className = 'room'
    element.inert = true
    this.root.prepend(element)
    const room = await Room.create(element, {
      store: await openOutboxStore(),
      owner: this.data.user,
      loginUrl: this.loginUrl,
      homeUrl: this.data.urls.home,
      keys: this.data.keys,
      areKeysFolded: this.data.keys_folded,
      onSubmitted: (reading, stored, activeMs) => this.goOn(reading, stored, activeMs),
      onSomebodyElse: () => this.giveWay(),
    })
    this.room = room
    exposeHook(
      room.shown,
      () => room.isOpen && !room.element.inert,
      () => room.summary,
    )
    return room
  }

  private goOn(reading: Reading | null, stored: string, activeMs: number): void {
    const wasPractice = (this.reading?.practice_left ?? 0) > 0
    this.pace.note(activeMs, wasPractice)
    if (reading) {
      this.reading = reading
      this.restAt(reading, stored)
    } else void this.work('Loading…', () => this.arrive(stored))
  }

  /** The start screen, with what was just stored; or ''. */
  private restAt(reading: Reading, stored: string): void {
    const pace = this.pace.words(reading)
    this.rest(() => this.lobby.show({ kind: 'at_rest', reading, stored, pace }))
    if (reading.state !== 'waiting' || !reading.available_at) return
    const due = askAgainIn(reading.available_at, Date.now())
    this.wake = setTimeout(() => void this.work('Loading…', () => this.arrive()), due)
  }

  /** Another person has logged in: nothing of the earlier one stays on the screen or is sent. */
  private giveWay(): void {
    if (this.isSomebodyElse) return
    this.isSomebodyElse = true
    clearTimeout(this.wake)
    this.room?.abandon()
    this.rest(() => undefined)
  }

  private rest(show: () => void): void {
    if (this.room) this.room.element.inert = true
    delete this.root.dataset.ready
    if (this.isSomebodyElse) this.lobby.show({ kind: 'somebody_else' })
    else show()
  }
}

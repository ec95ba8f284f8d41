// What an earlier page could not send, because the login had ended or the network was gone. Any
// page of the same person sends it, unless a tab has the presentation open and sends it itself; the
// home page says how that goes.

import { make, plural, setText } from '../elements'
import { hold } from '../locks'
import { deliver } from './deliver'
import { Outbox, type SavingState } from './outbox'
import { type OutboxStore, openOutboxStore } from './outboxStore'

const LOOK_AGAIN_MS = 3000

/** Who sends a presentation's changes: one tab at a time, and the one that shows it goes first. */
export function holdSending(presentation: string, options: LockOptions, onStolen?: () => void) {
  return hold(`plaque-unsent-${presentation}`, options, onStolen)
}

/** This will send what this browser has kept for `owner`, and tell of it in `place`, if any. */
export async function sendLeftovers(owner: string, place: HTMLElement | null): Promise<void> {
  const leftovers = new Leftovers(await openOutboxStore(), owner, place)
  await leftovers.look()
}

class Leftovers {
  private readonly notices = new Map<string, Notice>()
  private readonly mine = new Set<string>()

  constructor(
    private readonly store: OutboxStore,
    private readonly owner: string,
    private readonly place: HTMLElement | null,
  ) {}

  /** This will take up what waits, and look again until nothing does. */
  async look(): Promise<void> {
    const waiting = await this.store.presentations(this.owner)
    for (const presentation of waiting) {
      if (!this.mine.has(presentation)) await this.takeUp(presentation)
    }
    for (const [presentation, notice] of this.notices) {
      if (!this.mine.has(presentation) && !waiting.includes(presentation)) notice.say('stored', 0)
    }
    if (waiting.length > 0) setTimeout(() => void this.look(), LOOK_AGAIN_MS)
  }

  private async takeUp(presentation: string): Promise<void> {
    const notice = this.notices.get(presentation) ?? new Notice()
    this.notices.set(presentation, notice)
    this.place?.append(notice.element)
    const letGo = await holdSending(presentation, { ifAvailable: true }, () => {
      this.mine.delete(presentation)
      outbox.stop()
    })
    if (!letGo) {
      const { length } = await this.store.pending(this.owner, presentation)
      notice.say('elsewhere', length)
      return
    }
    this.mine.add(presentation)
    const outbox = new Outbox({
      store: this.store,
      owner: this.owner,
      presentation,
      deliver: (send) => deliver(presentation, send),
      savedAt: null,
      onChange: (state) => {
        notice.follow(state)
        if (notice.isGivenUp && isRefusal(state)) void outbox.discardRefused()
        if (state.kind !== 'saved') return
        this.mine.delete(presentation)
        outbox.stop()
        letGo()
      },
    })
    notice.onGiveUp = () => void outbox.discardRefused() // and the next, if it is refused as well
    await outbox.resume()
  }
}

/** How the changes to one presentation fare; which one it is, is not said. */
class Notice {
  isGivenUp = false
  onGiveUp: () => void = () => {}
  private readonly text = make('span')
  private readonly giveUp = make(
    'button',
    {
      type: 'button',
      click: () => {
        this.isGivenUp = true
        this.onGiveUp()
      },
    },
    'Go on without it',
  )
  readonly element = make('p', { class: 'notice', role: 'status' }, this.text, ' ', this.giveUp)

  follow(state: SavingState): void {
    if (state.kind === 'saved') this.say('stored', 0)
    else this.say(state.kind, state.unsent, isRefusal(state) ? state.message : '')
  }

  say(kind: SavingState['kind'] | 'elsewhere' | 'stored', unsent: number, message = ''): void {
    this.element.dataset.state = kind
    this.element.classList.toggle('is-warning', kind !== 'stored')
    this.element.classList.toggle('is-ok', kind === 'stored')
    this.element.hidden = kind === 'stored' && this.isGivenUp
    this.giveUp.hidden = message === ''
    const waiting = `${plural(unsent, 'change')} in your work not yet sent`
    setText(
      this.text,
      kind === 'stored'
        ? 'What this browser had kept of your work is now stored.'
        : message
          ? `${waiting}: ${message} What was not sent stays in this browser.`
          : `${waiting}; kept in this browser. ${WHY[kind]}`,
    )
  }
}

function isRefusal(state: SavingState): state is SavingState & { message: string } {
  return 'message' in state
}

const WHY = {
  saved: '',
  not_allowed: '',
  refused: '',
  saving: 'Being sent now.',
  retrying: 'The server does not answer; this page tries again.',
  signed_out: 'Your login has ended; log in again.',
  somebody_else: 'Somebody else is logged in; nothing is sent.',
  elsewhere: 'The tab with your reading sends it.',
} as const

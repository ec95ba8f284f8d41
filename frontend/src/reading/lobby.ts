// The screen before, between and after presentations.

import type { Reading } from '../api/types'
import { make, plural } from '../elements'
import { timeFormat, timeZoneName } from '../time'
import { correctionButton, correctionHint, practiceFeedback } from './afterwards'
import { declarationForm } from './declaration'
import { instructionParagraphs } from './instructions'

export interface AtRest {
  readonly kind: 'at_rest'
  readonly reading: Reading
  /** What was stored just now; or ''. */
  readonly stored: string
  /** What the rater's own pace says: how long still, and that a break is due; or ''. */
  readonly pace: { readonly left: string; readonly pause: string }
}

export type LobbyState =
  | { readonly kind: 'loading'; readonly text: string }
  | AtRest
  | { readonly kind: 'elsewhere'; readonly wasTakenOver: boolean }
  | { readonly kind: 'somebody_else' }
  | { readonly kind: 'failed'; readonly message: string; readonly isSignedOut: boolean }

export interface LobbyActions {
  readonly open: () => void
  readonly takeOver: () => void
  readonly retry: () => void
  /** The rater declared something: the reading as it stands since. */
  readonly goOn: (reading: Reading) => void
  /** A correction was stored: the reading as it stands since. */
  readonly corrected: (reading: Reading) => void
  readonly loginUrl: string
  readonly homeUrl: string
}

const moment = timeFormat({ dateStyle: 'full', timeStyle: 'short' })

function nextButton({ practice_left, done }: Reading): string {
  return practice_left > 0
    ? `Open practice (${practice_left} left)`
    : `Open presentation ${done + 1}`
}

/** What practice is, as long as there is any, and that it is over. */
function practiceHint({ practice_left, feedback }: Reading): HTMLElement[] {
  if (practice_left > 0)
    return [
      make(
        'p',
        { class: 'note' },
        'Practice comes first. It is read like everything after it, you are told how your marks compare with a mask that the coordinator trusts, and it does not count.',
      ),
    ]
  return feedback
    ? [make('p', { class: 'note' }, 'Practice is over: from here on every answer counts.')]
    : []
}

export class Lobby {
  readonly element = make('section', { class: 'lobby', 'aria-live': 'polite' })

  constructor(private readonly actions: LobbyActions) {}

  show(state: LobbyState): void {
    this.element.hidden = false
    this.element.dataset.state = state.kind === 'at_rest' ? state.reading.state : state.kind
    this.element.replaceChildren(make('div', { class: 'lobby-card' }, ...this.content(state)))
    // Without anything to press, the keyboard stands at what is said.
    const said = this.element.querySelector<HTMLElement>('h1, .lead')
    said?.setAttribute('tabindex', '-1')
    const asked = this.element.querySelector<HTMLElement>('form input, form select')
    const next = asked ?? this.element.querySelector<HTMLElement>('.primary') ?? said
    next?.focus()
  }

  hide(): void {
    this.element.hidden = true
    this.element.replaceChildren()
  }

  private content(state: LobbyState): Node[] {
    switch (state.kind) {
      case 'loading':
        return [make('p', { class: 'lead' }, state.text)]
      case 'elsewhere':
        return [
          make('h1', {}, state.wasTakenOver ? 'Goes on in another tab' : 'Open in another tab'),
          make(
            'p',
            {},
            'This reading is open in another tab of this browser. All marks made there are safe. You can go on there, or here.',
          ),
          this.choices(this.primary('Go on here', this.actions.takeOver)),
        ]
      case 'somebody_else':
        return [
          make('h1', {}, 'Somebody else is logged in'),
          make(
            'p',
            { role: 'alert' },
            'Somebody else has logged in at this browser. The marks of the earlier person are kept; what was not sent yet is sent when that person logs in here again.',
          ),
          this.choices(this.primary('Try again', this.actions.retry)),
        ]
      case 'failed':
        return this.failure(state.message, state.isSignedOut)
      case 'at_rest':
        return this.rest(state)
    }
  }

  private failure(message: string, isSignedOut: boolean): Node[] {
    const again = this.primary('Try again', this.actions.retry)
    const login = make('a', { href: this.actions.loginUrl, class: 'primary' }, 'Log in')
    return [
      make('h1', {}, isSignedOut ? 'Your login has ended' : 'This did not work'),
      make('p', { role: 'alert' }, message),
      this.choices(...(isSignedOut ? [login] : [again])),
    ]
  }

  private rest({ reading, stored, pace }: AtRest): Node[] {
    const title = make('h1', {}, reading.title)
    const progress = [
      make('progress', {
        max: Math.max(1, reading.total),
        value: reading.done,
        'aria-label': 'Progress',
      }),
      make(
        'p',
        { class: 'progress-text' },
        `${reading.done} of ${reading.total} presentations submitted`,
      ),
      ...(pace.left ? [make('p', { class: 'hint' }, pace.left)] : []),
    ]
    const said = stored ? [make('p', { class: 'said', role: 'status' }, stored)] : []
    const correction = correctionButton(reading, this.actions.corrected)
    switch (reading.state) {
      case 'ready':
        return [
          title,
          ...said,
          ...progress,
          ...(pace.pause ? [make('p', { class: 'note', 'data-said': 'break' }, pace.pause)] : []),
          ...practiceFeedback(reading),
          ...practiceHint(reading),
          ...this.instructions(reading, stored === ''),
          ...(reading.asks.length > 0
            ? [declarationForm(reading, this.actions.goOn, (...sent) => this.choices(...sent))]
            : [
                this.choices(this.primary(nextButton(reading), this.actions.open), ...correction),
                ...correctionHint(reading),
              ]),
        ]
      case 'waiting':
        return [
          title,
          ...said,
          ...progress,
          make(
            'p',
            { class: 'lead' },
            'The first part is done. There is a pause before the second part.',
          ),
          make(
            'p',
            {},
            reading.available_at
              ? `It opens on ${moment(reading.available_at)} (${timeZoneName()}).`
              : '',
          ),
          this.choices(...correction),
          ...correctionHint(reading),
        ]
      case 'finished':
        return [
          title,
          ...said,
          ...progress,
          make(
            'p',
            { class: 'lead' },
            `Thank you: ${plural(reading.total, 'presentation')} submitted, nothing is left to do.`,
          ),
          this.choices(...correction),
          ...correctionHint(reading),
        ]
      case 'left':
        return [
          title,
          ...progress,
          make(
            'p',
            { class: 'lead' },
            'Your part in this study has ended. Whatever you submitted is stored; nothing more is to be rated.',
          ),
          this.choices(),
        ]
      case 'closed':
        return [
          title,
          ...progress,
          make(
            'p',
            { class: 'lead' },
            'This study is closed. Whatever you submitted is stored; nothing more can be rated.',
          ),
          this.choices(),
        ]
    }
  }

  /** The first time they stand open; between presentations they can be opened. */
  private instructions(reading: Reading, isOpen: boolean): Node[] {
    const paragraphs = instructionParagraphs(reading)
    if (paragraphs.length === 0) return []
    return [
      make(
        'details',
        { class: 'instructions', open: isOpen },
        make('summary', {}, 'Instructions'),
        ...paragraphs,
      ),
    ]
  }

  private primary(text: string, click: () => void): HTMLButtonElement {
    return make('button', { type: 'button', class: 'primary', click }, text)
  }

  private choices(...buttons: Node[]): HTMLElement {
    return make(
      'div',
      { class: 'choices' },
      ...buttons,
      make('a', { href: this.actions.homeUrl, class: 'quiet' }, 'Leave'),
    )
  }
}

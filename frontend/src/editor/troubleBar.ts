// What stands between a drawing and its mask: it went on elsewhere, or somebody else saved meanwhile.

import type { Segmentation } from '../api/types'
import { make } from '../elements'
import type { SavingState } from '../saving/outbox'

export interface TroubleActions {
  /** Keep what is unsent here as a drawing of its own; null where there is no such way. */
  readonly fork: (() => void) | null
  /** Drop what is unsent here and show what is stored. */
  readonly reload: () => void
  /** Show another's mask; null shows what is drawn here. */
  readonly show: (other: Segmentation | null) => void
}

export class TroubleBar {
  private readonly split = make('div', { class: 'conflict', role: 'alert', hidden: true })
  private readonly meanwhile = make('div', { class: 'conflict', role: 'alert', hidden: true })
  readonly element = make('div', { class: 'conflicts' }, this.split, this.meanwhile)
  private shown: readonly Segmentation[] = []

  /** `splits` are the refusals after which nothing more can be sent from here. */
  constructor(
    private readonly splits: ReadonlySet<string>,
    private readonly actions: TroubleActions,
  ) {}

  /** The masks that others saved meanwhile and that this page shows. */
  get others(): readonly Segmentation[] {
    return this.shown
  }

  /** This will offer the ways on when the drawing went on elsewhere. */
  showSplit(state: SavingState): void {
    const isSplit = state.kind === 'refused' && this.splits.has(state.code)
    if (this.split.hidden !== isSplit) return
    this.split.hidden = !isSplit
    if (!isSplit || state.kind !== 'refused') return
    const { fork, reload } = this.actions
    this.split.replaceChildren(
      make('p', {}, state.message),
      make(
        'div',
        { class: 'choices' },
        ...(fork
          ? [make('button', { type: 'button', click: fork }, 'Keep mine as a drawing of its own')]
          : []),
        make('button', { type: 'button', click: reload }, 'Show the stored one, drop mine'),
      ),
    )
    this.split.scrollIntoView({ block: 'nearest' })
  }

  /** This will list what others saved since the drawing began, to be looked at. */
  showMeanwhile(others: readonly Segmentation[]): void {
    this.shown = others
    this.meanwhile.hidden = others.length === 0
    const rows: HTMLElement[] = others.map((other) => {
      const look = make(
        'button',
        {
          type: 'button',
          'aria-pressed': 'false',
          click: () => {
            const isOn = look.getAttribute('aria-pressed') === 'true'
            for (const row of rows) row.setAttribute('aria-pressed', String(row === look && !isOn))
            this.actions.show(isOn ? null : other)
          },
        },
        `Look at ${other.title}`,
      )
      return look
    })
    this.meanwhile.replaceChildren(
      make(
        'p',
        {},
        'Somebody else has saved a correction of the same mask since you began. Yours is saved beside it; neither replaces the other.',
      ),
      make('div', { class: 'choices' }, ...rows),
    )
    this.meanwhile.scrollIntoView({ block: 'nearest' })
  }
}

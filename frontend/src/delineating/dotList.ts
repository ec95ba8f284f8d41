// The dots of a case as the panel shows them: the current one with its answers, and all as a list.

import type { CandidateDot, DotChoice } from '../api/types'
import { make, setText } from '../elements'
import { CHOICES, decidedOf } from './decisions'

export interface DotActions {
  readonly choose: (place: number) => void
  readonly decide: (choice: DotChoice) => void
  readonly takeProposal: () => void
  readonly step: (steps: 1 | -1) => void
}

export class DotList {
  private readonly heading = make('h2', {})
  private readonly progress = make('progress', { 'aria-label': 'Dots decided' })
  private readonly count = make('p', { class: 'progress-text' })
  private readonly said = make('p', { class: 'visually-hidden', role: 'status' })
  private readonly list = make('ol', { class: 'dot-list', tabindex: 0, 'aria-label': 'All dots' })
  private readonly answers = new Map<DotChoice, HTMLButtonElement>()
  private readonly proposal: HTMLButtonElement
  private readonly rows: readonly HTMLButtonElement[]
  private readonly answerRow: HTMLElement
  readonly element: HTMLElement

  constructor(dots: readonly CandidateDot[], actions: DotActions) {
    for (const [at, { choice, name }] of CHOICES.entries()) {
      const click = (): void => actions.decide(choice)
      const title = `${name} (${at + 1})`
      this.answers.set(
        choice,
        make('button', { type: 'button', 'data-choice': choice, title, click }, name),
      )
    }
    const step = (text: string, title: string, steps: 1 | -1): HTMLButtonElement =>
      make('button', { type: 'button', title, click: () => actions.step(steps) }, text)
    const click = actions.takeProposal
    this.proposal = make(
      'button',
      { type: 'button', 'data-action': 'proposal', title: 'Draw what was proposed (F)', click },
      'Begin from the proposal',
    )
    this.rows = dots.map(({ position }, place) =>
      make(
        'button',
        { type: 'button', click: () => actions.choose(place) },
        make('span', { class: 'dot-number' }, `Dot ${position}`),
        ' ', // for those who hear it
        make('span', { class: 'dot-said' }),
      ),
    )
    this.list.append(...this.rows.map((row) => make('li', {}, row)))
    this.answerRow = make('div', { class: 'dot-answers', role: 'group' }, ...this.answers.values())
    const parts =
      dots.length > 0
        ? [
            make(
              'header',
              {},
              this.heading,
              step('Previous', 'Previous dot (P)', -1),
              step('Next', 'Next dot, undecided ones first (N)', 1),
            ),
            this.answerRow,
            this.proposal,
            make('div', { class: 'dot-progress' }, this.progress, this.count),
            this.list,
          ]
        : [
            make('h2', {}, 'No dots'),
            make('p', {}, 'Nobody found anything in this case, so nothing is to be decided.'),
          ]
    this.element = make('section', { class: 'dots', 'aria-label': 'Dots' }, ...parts, this.said)
  }

  /** This will show which dot is current and what is decided; `bare` dots have nothing drawn. */
  show(
    dots: readonly CandidateDot[],
    current: number,
    bare: readonly number[],
    mayPropose: boolean,
  ): void {
    const at = dots[current]
    setText(this.heading, at ? `Dot ${at.position} of ${dots.length}` : '')
    this.answerRow.setAttribute('aria-label', `Dot ${at?.position ?? ''} is`)
    for (const [choice, button] of this.answers) {
      button.setAttribute('aria-pressed', String(at?.choice === choice))
    }
    this.proposal.hidden = !mayPropose
    const decided = decidedOf(dots)
    this.progress.max = Math.max(1, dots.length)
    this.progress.value = decided
    setText(this.count, `${decided} of ${dots.length} decided`)
    for (const [place, dot] of dots.entries()) {
      const row = this.rows[place]
      if (!row) continue
      const text = sayingOf(dot, bare.includes(place))
      if (place === current) row.setAttribute('aria-current', 'true')
      else row.removeAttribute('aria-current')
      row.dataset.choice = dot.choice ?? ''
      if (row.children[1]) setText(row.children[1], text)
    }
  }

  /** This will bring a dot's row into sight. */
  reveal(place: number): void {
    this.rows[place]?.scrollIntoView({ block: 'nearest' })
  }

  /** This will say something to those who do not see it. */
  say(text: string): void {
    setText(this.said, text)
  }
}

/** What is decided about a dot, in words. */
export function sayingOf(dot: CandidateDot, isBare: boolean): string {
  const name = CHOICES.find(({ choice }) => choice === dot.choice)?.name.toLowerCase()
  if (!name) return 'undecided'
  if (isBare) return `${name}, nothing drawn yet`
  return dot.from_proposal ? `${name}, from the proposal` : name
}

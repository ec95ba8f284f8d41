// The rater's answer: verdict, or why there can be none, and the numbers where they may be typed.

import type { Outcome, Verdict } from '../api/types'
import { make, setText } from '../elements'
import type { KeptAnswer } from '../saving/outboxStore'

export type GivenAnswer = KeptAnswer

export interface Asked {
  readonly mayType: boolean
  readonly isConsistencyAsked: boolean
}

const NOTHING_ASKED: Asked = { mayType: false, isConsistencyAsked: false }

/** This will say what is missing before an answer can be submitted, or '' when nothing is. */
function missingPart(answer: GivenAnswer, lesions: number, asked: Asked): string {
  if (answer.outcome !== 'rated') return answer.reason.trim() ? '' : 'Write why it cannot be rated.'
  if (answer.typed) {
    const { fp, fn } = answer.typed
    if (![fp, fn].every((count) => Number.isInteger(count) && count >= 0)) {
      return 'Type both numbers, or leave both empty.'
    }
    if (fp > lesions)
      return `Only ${lesions} lesions are drawn, so at most ${lesions} can be false.`
  }
  if (!answer.verdict) return 'Choose a verdict.'
  if (asked.isConsistencyAsked && answer.consistent === null)
    return 'Say whether your verdict follows from the counts.'
  return ''
}

export class AnswerForm {
  readonly element = make('section', { class: 'answer', 'aria-label': 'Your verdict' })
  private outcome: Outcome = 'rated'
  private verdict: Verdict | null = null
  private consistent: boolean | null = null
  private asked: Asked = NOTHING_ASKED
  private readonly verdicts = new Map<Verdict, HTMLButtonElement>()
  private readonly outcomes = new Map<Outcome, HTMLButtonElement>()
  private readonly reason = make('textarea', {
    rows: 2,
    maxlength: 2000,
    'aria-label': 'Why it cannot be rated',
    placeholder: 'Why? (one sentence)',
  })
  private readonly typedFp = numberInput('False positives, typed')
  private readonly typedFn = numberInput('Missed lesions, typed')
  private readonly typed = make(
    'fieldset',
    { class: 'typed' },
    make('legend', {}, 'Or type the counts'),
    make('label', {}, 'FP ', this.typedFp),
    make('label', {}, 'FN ', this.typedFn),
  )
  private readonly consistency = make(
    'div',
    { class: 'consistency', role: 'group', 'aria-label': 'Does it follow from the counts?' },
    make('span', {}, 'Follows from the counts?'),
    this.consistencyButton(true, 'Yes', 'follows-from-the-counts'),
    this.consistencyButton(false, 'No', 'follows-from-something-else'),
  )
  private readonly other = make('details', { class: 'other-outcome' })
  private readonly hint = make('p', { class: 'hint', id: 'verdict-hint' })

  constructor(private readonly onChange: () => void) {
    const choice = (verdict: Verdict, text: string): HTMLButtonElement => {
      const element = make(
        'button',
        {
          type: 'button',
          class: `verdict verdict-${verdict}`,
          'data-verdict': verdict,
          title: text,
          'data-command': verdict,
          click: () => this.choose(verdict),
        },
        text,
      )
      this.verdicts.set(verdict, element)
      return element
    }
    const outcome = (name: Outcome, text: string): HTMLButtonElement => {
      const element = make(
        'button',
        { type: 'button', 'data-outcome': name, click: () => this.chooseOutcome(name) },
        text,
      )
      this.outcomes.set(name, element)
      return element
    }
    this.other.append(
      make('summary', {}, 'It cannot be rated'),
      make(
        'div',
        { class: 'choices' },
        outcome('unreadable', 'Scan unreadable'),
        outcome('wrong_mask', 'Mask is of another scan'),
      ),
      this.reason,
    )
    for (const input of [this.reason, this.typedFp, this.typedFn])
      input.addEventListener('input', onChange)
    this.element.append(
      make('h2', {}, 'Your verdict'),
      this.typed,
      make(
        'div',
        { class: 'choices' },
        choice('acceptable', 'Acceptable'),
        choice('unacceptable', 'Unacceptable'),
      ),
      this.consistency,
      this.other,
      this.hint,
    )
    this.clear()
  }

  /** This will forget the answer before: every presentation starts without one. */
  clear(asked = NOTHING_ASKED): void {
    this.asked = asked
    this.outcome = 'rated'
    this.verdict = null
    this.consistent = null
    this.reason.value = ''
    this.typedFp.value = ''
    this.typedFn.value = ''
    this.typed.hidden = !asked.mayType
    this.consistency.hidden = !asked.isConsistencyAsked
    this.other.open = false
    this.update()
  }

  /** This will show what was chosen before the page was left; it is still to be submitted. */
  restore({ outcome, verdict, reason, typed, consistent }: GivenAnswer): void {
    const written = (count = Number.NaN): string => (Number.isNaN(count) ? '' : String(count))
    this.outcome = outcome
    this.verdict = verdict
    this.consistent = consistent
    this.reason.value = reason
    this.typedFp.value = written(typed?.fp)
    this.typedFn.value = written(typed?.fn)
    this.other.open = outcome !== 'rated'
    this.update()
  }

  choose(verdict: Verdict): void {
    this.outcome = 'rated'
    if (this.verdict && this.verdict !== verdict) this.consistent = null // said of the other one
    this.verdict = verdict
    this.update()
    this.onChange()
  }

  /** This will say whether the verdict follows from the counts, where the design asks. */
  sayConsistent(isConsistent: boolean): void {
    if (!this.asked.isConsistencyAsked || this.outcome !== 'rated') return
    this.consistent = isConsistent
    this.update()
    this.onChange()
  }

  /** What is missing before this can be submitted, or '' when nothing is. */
  missing(lesions: number): string {
    return missingPart(this.given, lesions, this.asked)
  }

  setHint(text: string): void {
    setText(this.hint, text)
  }

  get given(): GivenAnswer {
    const isRated = this.outcome === 'rated'
    const isTyped = !this.typed.hidden && (this.typedFp.value !== '' || this.typedFn.value !== '')
    const count = (input: HTMLInputElement): number =>
      input.value === '' ? Number.NaN : Number(input.value)
    return {
      outcome: this.outcome,
      verdict: isRated ? this.verdict : null,
      reason: isRated ? '' : this.reason.value,
      typed: isRated && isTyped ? { fp: count(this.typedFp), fn: count(this.typedFn) } : null,
      consistent: isRated ? this.consistent : null,
    }
  }

  private chooseOutcome(outcome: Outcome): void {
    this.outcome = this.outcome === outcome ? 'rated' : outcome
    this.update()
    this.onChange()
    if (this.outcome !== 'rated') this.reason.focus()
  }

  private consistencyButton(isYes: boolean, text: string, command: string): HTMLButtonElement {
    return make(
      'button',
      {
        type: 'button',
        title: isYes ? 'It follows from the counts' : 'It follows from something else',
        'data-consistent': String(isYes),
        'data-command': command,
        click: () => this.sayConsistent(isYes),
      },
      text,
    )
  }

  private update(): void {
    for (const [verdict, button] of this.verdicts) {
      button.setAttribute(
        'aria-pressed',
        String(this.outcome === 'rated' && this.verdict === verdict),
      )
    }
    for (const [outcome, button] of this.outcomes) {
      button.setAttribute('aria-pressed', String(this.outcome === outcome))
    }
    for (const button of this.consistency.querySelectorAll('button')) {
      button.disabled = this.outcome !== 'rated'
      const isChosen = button.dataset.consistent === String(this.consistent)
      button.setAttribute('aria-pressed', String(!button.disabled && isChosen))
    }
    this.reason.hidden = this.outcome === 'rated'
  }
}

function numberInput(label: string): HTMLInputElement {
  return make('input', {
    type: 'number',
    min: 0,
    step: 1,
    inputmode: 'numeric',
    'aria-label': label,
  })
}

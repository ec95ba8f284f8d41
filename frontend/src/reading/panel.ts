// What stands right of the image: counts, marks, comment, verdict, submit.

import { make, plural, setText } from '../elements'
import type { SavingState } from '../saving/outbox'
import { AnswerForm } from './answerForm'
import { type MarkActions, MarkList } from './markList'
import type { Sitting } from './sitting'

const WAITS = 'Saving your last changes; then you are asked to submit.'
const WAITS_LONGER =
  'Not saved yet, see the line at the top. You are asked to submit as soon as it is.'

export interface PanelActions extends MarkActions {
  readonly undo: () => void
  readonly redo: () => void
  readonly tour: (steps: 1 | -1) => void
  readonly submit: () => void
}

function button(text: string, title: string, click: () => void, command = ''): HTMLButtonElement {
  return make('button', { type: 'button', title, click, 'data-command': command || false }, text)
}

interface Tally {
  readonly element: HTMLElement
  readonly number: HTMLElement
  /** The lesions as the rater counts them, where that is another number. */
  readonly corrected: HTMLElement
}

function tally(name: string, kind: string): Tally {
  const number = make('strong', { 'data-count': kind }, '0')
  const corrected = make('small', { title: 'Lesions as you count them' })
  const row = make('div', { class: 'tally-number' }, number, corrected)
  return {
    element: make('div', { class: `tally tally-${kind}` }, row, make('span', {}, name)),
    number,
    corrected,
  }
}

export class Panel {
  readonly element = make('div', { class: 'panel' })
  readonly form: AnswerForm
  private sitting: Sitting | null = null
  private readonly drawn = tally('drawn', 'drawn')
  private readonly fp = tally('false positive', 'fp')
  private readonly fn = tally('missed', 'fn')
  private readonly live = make('p', { class: 'visually-hidden', 'aria-live': 'polite' })
  private readonly note = make(
    'p',
    { class: 'note' },
    'Nothing is drawn in this mask. That can be right: judge it like any other, and mark what is missing.',
  )
  private readonly tourText = make('output', { class: 'tour-text' })
  private readonly tour: HTMLElement
  private readonly undo: HTMLButtonElement
  private readonly redo: HTMLButtonElement
  private readonly list: MarkList
  private readonly noMarks = make(
    'p',
    { class: 'hint' },
    'Click a drawn lesion that is none: false positive. Click a lesion that is not drawn: missed.',
  )
  private readonly comment: HTMLTextAreaElement
  private readonly submit: HTMLButtonElement
  private readonly waiting = make('p', { class: 'waiting', role: 'status' })

  constructor(actions: PanelActions) {
    this.form = new AnswerForm(() => {
      this.sitting?.keepAnswer(this.form.given)
      this.stopWaiting()
      this.update()
    })
    this.list = new MarkList(actions)
    this.undo = button('Undo', 'Undo (Ctrl+Z)', actions.undo)
    this.redo = button('Redo', 'Redo (Ctrl+Shift+Z)', actions.redo)
    this.tour = make(
      'div',
      { class: 'tour', role: 'group', 'aria-label': 'Lesion tour' },
      button('‹ Previous', 'Previous lesion', () => actions.tour(-1), 'previous-lesion'),
      this.tourText,
      button('Next ›', 'Next lesion', () => actions.tour(1), 'next-lesion'),
    )
    this.comment = make('textarea', {
      rows: 2,
      maxlength: 4000,
      id: 'comment',
      input: () => {
        this.stopWaiting()
        this.sitting?.writeComment(this.comment.value)
      },
      blur: () => this.sitting?.finishComment(),
      keydown: (event) => {
        if ((event as KeyboardEvent).key === 'Escape') this.comment.blur() // keys are keys again
      },
    })
    this.submit = make(
      'button',
      {
        type: 'button',
        class: 'primary',
        'data-action': 'submit',
        title: 'Submit (Ctrl+Enter)',
        click: actions.submit,
      },
      'Submit',
    )
    this.element.append(
      make(
        'section',
        { class: 'counts', 'aria-label': 'Counts' },
        this.drawn.element,
        this.fp.element,
        this.fn.element,
      ),
      this.live,
      this.note,
      this.tour,
      make(
        'section',
        { class: 'marks-section', 'aria-label': 'Marks' },
        make(
          'header',
          {},
          make('h2', {}, 'Your marks'),
          make('div', { class: 'choices' }, this.undo, this.redo),
        ),
        this.noMarks,
        this.list.element,
      ),
      make(
        'section',
        { class: 'comment' },
        make('label', { for: 'comment' }, 'Comment (optional)'),
        this.comment,
      ),
      this.form.element,
      this.waiting,
      this.submit,
    )
  }

  start(sitting: Sitting, isConsistencyAsked: boolean): void {
    this.sitting = sitting
    this.comment.value = sitting.writtenComment
    this.form.clear({ mayType: sitting.presentation.allow_typed_counts, isConsistencyAsked })
    if (sitting.chosen) this.form.restore(sitting.chosen)
    this.update()
    this.element.scrollTop = 0
  }

  /** This will take the presentation off the panel. */
  clear(): void {
    this.sitting = null
    this.comment.value = ''
    this.form.clear()
    this.list.clear()
    this.stopWaiting()
    setText(this.live, '')
  }

  /** This will show the counts, marks and what is missing as they are now. */
  update(): void {
    const { sitting } = this
    if (!sitting) return
    const { fp, fn } = sitting.marks.counts
    const drawn = sitting.presentation.lesion_count
    setText(this.drawn.number, String(drawn))
    setText(this.fp.number, String(fp))
    setText(this.fn.number, String(fn))
    const lesions = sitting.marks.corrected
    setText(this.fp.corrected, lesions.fp === fp ? '' : `as ${lesions.fp}`)
    setText(this.fn.corrected, lesions.fn === fn ? '' : `as ${lesions.fn}`)
    const counted =
      lesions.fp === fp && lesions.fn === fn ? '' : `, counted as ${lesions.fp} and ${lesions.fn}`
    setText(this.live, `${drawn} drawn, ${fp} FP, ${fn} FN${counted}`)
    const left = sitting.tour.left ? `\n${sitting.tour.left} unseen` : '\nall seen'
    this.note.hidden = drawn > 0
    this.tour.hidden = drawn === 0
    setText(
      this.tourText,
      sitting.tour.position
        ? `Lesion ${sitting.tour.position} / ${sitting.tour.length}${left}`
        : plural(drawn, 'lesion'),
    )
    this.undo.disabled = !sitting.marks.canUndo
    this.redo.disabled = !sitting.marks.canRedo
    this.noMarks.hidden = sitting.marks.all.length > 0
    this.list.update(sitting.marks, sitting.current?.key)
    const missing = this.missing
    this.submit.disabled = missing !== ''
    this.form.setHint(missing)
  }

  /** What is missing in the answer, or ''. */
  get missing(): string {
    if (!this.sitting) return 'Nothing is open.'
    return this.form.missing(this.sitting.presentation.lesion_count)
  }

  /** This will say that submitting waits until everything is saved; said once for each state. */
  wait({ kind }: SavingState): void {
    setText(this.waiting, kind === 'saving' ? WAITS : WAITS_LONGER)
  }

  stopWaiting(): void {
    setText(this.waiting, '')
  }

  get isWaiting(): boolean {
    return this.waiting.textContent !== ''
  }
}

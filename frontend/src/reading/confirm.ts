// The one confirmation before something is locked.

import { make, setText } from '../elements'

/** What yes does; it returns what is to come when the question is off the screen. */
type Submit = () => Promise<() => void>

/** What is confirmed, in words. */
export interface Words {
  readonly note: string
  readonly yes: string
  readonly busy: string
}

const ANSWER: Words = {
  note: 'Submitting locks your marks. Only the verdict can be corrected, until the next presentation is opened.',
  yes: 'Submit',
  busy: 'Submitting…',
}

export class Confirmation {
  private readonly title = make('h2', { id: 'confirm-title' })
  private readonly lines = make('ul')
  private readonly note = make('p')
  private readonly trouble = make('p', { class: 'trouble', role: 'alert' })
  private readonly yes = make('button', {
    type: 'button',
    class: 'primary',
    'data-action': 'confirm',
  })
  private readonly no = make('button', { type: 'button', 'data-action': 'go-back' }, 'Go back')
  readonly element: HTMLDialogElement
  private submit: Submit = async () => () => {}

  constructor(
    private readonly explain: (error: unknown) => string,
    private readonly words: Words = ANSWER,
  ) {
    setText(this.yes, words.yes)
    this.element = make(
      'dialog',
      { class: 'confirm', 'aria-labelledby': 'confirm-title' },
      this.title,
      this.lines,
      this.note,
      this.trouble,
      make('div', { class: 'choices' }, this.no, this.yes),
    )
    this.no.addEventListener('click', () => this.element.close())
    this.yes.addEventListener('click', () => void this.run())
    this.element.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
      event.preventDefault() // of the button that has the focus, be it the other one
      if (!event.repeat) void this.run() // held down it asks, and answers nothing
    })
    this.element.addEventListener('cancel', (event) => {
      if (this.yes.disabled) event.preventDefault() // an answer on its way cannot be called back
    })
  }

  get isOpen(): boolean {
    return this.element.open
  }

  /** This will ask, and run `submit` on yes; a failure is said here and can be tried again. */
  ask(title: string, lines: readonly string[], submit: Submit, note = this.words.note): void {
    this.submit = submit
    setText(this.note, note)
    setText(this.title, title)
    this.lines.replaceChildren(...lines.map((line) => make('li', {}, line)))
    setText(this.trouble, '')
    this.setBusy(false)
    this.element.showModal()
    this.yes.focus()
  }

  /** This will take the question off the screen, answered or not. */
  close(): void {
    this.element.close()
  }

  private async run(): Promise<void> {
    if (this.yes.disabled) return
    this.setBusy(true)
    setText(this.trouble, '')
    try {
      const goOn = await this.submit()
      this.element.close() // first: closing takes the focus back to where it was before
      goOn()
    } catch (error) {
      setText(this.trouble, this.explain(error))
    } finally {
      this.setBusy(false)
      if (this.isOpen) this.yes.focus() // lost while it was disabled: Enter tries again
    }
  }

  private setBusy(isBusy: boolean): void {
    this.yes.disabled = isBusy
    this.no.disabled = isBusy
    setText(this.yes, isBusy ? this.words.busy : this.words.yes)
  }
}

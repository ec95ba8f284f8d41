// The brain mask of a case: shown like a segmentation, downloaded, corrected by a file, taken back.

import { request, sendForm } from '../api/client'
import type { BrainMask } from '../api/types'
import { make, setText } from '../elements'
import { timeFormat } from '../time'
import { showTrouble } from '../trouble'

const moment = timeFormat({ dateStyle: 'medium', timeStyle: 'short' })

/** This will say whose a brain mask is. */
export function brainText(brain: BrainMask): string {
  const below = brain.origin === 'imported' ? 'came with the case' : `found by ${brain.method}`
  if (!brain.is_corrected) return below
  const when = brain.corrected_at ? `corrected ${moment(brain.corrected_at)}` : 'corrected'
  return brain.origin ? `${when}; the one below it ${below}` : when
}

/** Where the brain of a case is corrected; `onChange` is called when it was. */
export class BrainPart {
  readonly element = make('section', { class: 'brain', 'aria-label': 'Brain mask' })
  private readonly trouble = make('p', { class: 'trouble', role: 'alert' })
  private readonly said = make('p', { class: 'hint' })
  private readonly file = make('input', {
    type: 'file',
    accept: '.nii,.gz',
    hidden: true,
    'data-action': 'brain-file',
    change: () => void this.send(),
  })
  private readonly choose = make(
    'button',
    { type: 'button', click: () => this.file.click() },
    'Correct it by a file',
  )
  private readonly revert = make(
    'button',
    { type: 'button', click: () => void this.takeBack() },
    'Take the correction back',
  )

  constructor(
    private readonly code: string,
    private readonly onChange: () => Promise<void>,
  ) {
    const actions = make('div', { class: 'row-actions' }, this.choose, this.revert)
    this.element.append(make('h2', {}, 'Brain mask'), this.said, this.trouble, actions, this.file)
  }

  show(brain: BrainMask | null): void {
    const next = 'Methods look for lesions within it from the next job on.'
    const none =
      'There is none yet: a method finds the brain when it segments the case, or you send a mask on the grid of the FLAIR.'
    setText(this.said, brain ? `${brainText(brain)}. ${next}` : none)
    setText(this.choose, brain ? 'Correct it by a file' : 'Send a mask')
    this.revert.hidden = !brain?.is_corrected
  }

  private async send(): Promise<void> {
    const chosen = this.file.files?.[0]
    if (!chosen) return
    const form = new FormData()
    form.append('file', chosen)
    this.file.value = ''
    const { code } = this
    await this.act(() =>
      sendForm(
        '/api/v1/cases/{code}/brain/',
        { code },
        form,
        () => {},
        new AbortController().signal,
      ),
    )
  }

  private async takeBack(): Promise<void> {
    const { code } = this
    await this.act(() => request('DELETE', '/api/v1/cases/{code}/brain/', { code }))
    this.choose.focus()
  }

  private async act(change: () => Promise<unknown>): Promise<void> {
    setText(this.trouble, '')
    try {
      await change()
      await this.onChange()
    } catch (error) {
      showTrouble(this.trouble, error)
    }
  }
}

// Bringing cases in: choose or drop, one request per case, progress, and what became of each.

import { sendForm } from '../api/client'
import { explanation } from '../api/errors'
import type { ImportedCase } from '../api/types'
import { make, plural, setText } from '../elements'
import { fromDrop, fromInput } from './chosen'
import { type CaseToSend, type ChosenFile, groupIntoCases } from './grouping'

export class UploadPanel {
  private readonly list = make('ul', { class: 'uploads', 'aria-live': 'polite' })
  private readonly summary = make('p', { class: 'notice', role: 'status', hidden: true })
  private readonly ignored = make('p', { class: 'hint' })
  private readonly drop: HTMLElement
  private taken = 0
  private refused = 0
  private pending: Promise<void> = Promise.resolve()
  private waiting = 0

  constructor(
    root: HTMLElement,
    private readonly url: string,
  ) {
    const files = this.picker('Choose files', false)
    const folder = this.picker('Choose a folder', true)
    this.drop = make(
      'div',
      {
        class: 'drop',
        dragover: (event) => this.hover(event, true),
        dragleave: (event) => this.hover(event, false),
        drop: (event) => void this.dropped(event as DragEvent),
      },
      make('p', {}, 'Drop NIfTI files or case folders here, or'),
      make('div', { class: 'actions' }, ...files, ...folder),
      make(
        'p',
        { class: 'hint' },
        'Names in headers and file names are not kept: each case gets a code.',
      ),
    )
    root.replaceChildren(this.drop, this.summary, this.ignored, this.list)
    window.addEventListener('beforeunload', (event) => {
      if (this.waiting > 0) event.preventDefault()
    })
  }

  private picker(text: string, isFolder: boolean): [HTMLElement, HTMLElement] {
    const input = make('input', { type: 'file', multiple: true, hidden: true })
    if (isFolder) input.webkitdirectory = true
    input.addEventListener('change', () => {
      if (input.files) this.send(fromInput(input.files))
      input.value = ''
    })
    const name = isFolder ? 'choose-folder' : 'choose-files'
    input.dataset.action = name
    return [make('button', { type: 'button', click: () => input.click() }, text), input]
  }

  private hover(event: Event, isOver: boolean): void {
    event.preventDefault()
    this.drop.classList.toggle('is-over', isOver)
  }

  private async dropped(event: DragEvent): Promise<void> {
    this.hover(event, false)
    if (event.dataTransfer) this.send(await fromDrop(event.dataTransfer))
  }

  private send(chosen: ChosenFile<File>[]): void {
    const { cases, ignored } = groupIntoCases(chosen)
    setText(
      this.ignored,
      ignored.length > 0
        ? `${plural(ignored.length, 'file')} ignored (in no case): ${ignored.slice(0, 8).join(', ')}${ignored.length > 8 ? ' …' : ''}`
        : '',
    )
    if (cases.length === 0) {
      this.say('No NIfTI file (.nii or .nii.gz) was among them. Nothing was sent.', 'is-warning')
    }
    for (const one of cases) this.queue(one)
  }

  private queue(one: CaseToSend<File>): void {
    const bar = make('progress', { max: 1, value: 0, 'aria-label': `Sending ${one.label}` })
    const fate = make('span', {}, 'Waiting')
    const again = make('button', { type: 'button', hidden: true }, 'Try again')
    this.list.append(
      make('li', {}, make('strong', {}, one.label), make('span', {}, bar, fate), again),
    )
    const run = (): void => {
      again.hidden = true
      this.waiting += 1
      this.pending = this.pending.then(() => this.sendCase(one, bar, fate, again))
    }
    again.addEventListener('click', () => {
      this.refused -= 1
      run()
    })
    run()
  }

  private async sendCase(
    one: CaseToSend<File>,
    bar: HTMLProgressElement,
    fate: HTMLElement,
    again: HTMLButtonElement,
  ): Promise<void> {
    const form = new FormData()
    for (const file of one.files) {
      form.append('files', file.content, file.path.slice(file.path.lastIndexOf('/') + 1))
    }
    fate.className = ''
    try {
      const done = await sendForm<ImportedCase>(this.url, form, (share) => {
        bar.value = share
        setText(fate, share < 1 ? `${Math.round(100 * share)} % sent` : 'Checking')
      })
      const parts = done.taken.map((part) => part.sequence).join(', ')
      const notes = [
        ...done.taken
          .filter((part) => part.removed.length > 0)
          .map((part) => `header text emptied in ${part.sequence}: ${part.removed.join(', ')}`),
        ...done.warnings,
      ]
      fate.className = 'is-taken'
      setText(fate, [`Case ${done.code} (${parts})`, ...notes].join('; '))
      this.taken += 1
    } catch (error) {
      fate.className = 'is-refused'
      setText(fate, explanation(error))
      again.hidden = false
      this.refused += 1
    }
    this.waiting -= 1
    if (this.waiting === 0) this.finish()
  }

  private finish(): void {
    const refused = this.refused > 0 ? `, ${this.refused} refused (see below)` : ''
    this.say(
      `${plural(this.taken, 'case')} taken in${refused}. `,
      this.refused > 0 ? 'is-warning' : 'is-ok',
    )
    if (this.taken > 0) {
      const show = make(
        'button',
        { type: 'button', click: () => location.reload() },
        'Show the list',
      )
      this.summary.append(show)
    }
  }

  private say(text: string, kind: string): void {
    this.summary.hidden = false
    this.summary.className = `notice ${kind}`
    this.summary.replaceChildren(text)
  }
}

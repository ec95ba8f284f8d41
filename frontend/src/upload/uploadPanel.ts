// Bringing cases in: choose or drop, see what is here already, send the rest, know what became of it.

import { request, sendForm } from '../api/client'
import { explanation, Refused } from '../api/errors'
import type { Description, Foreseen, ImportedCase } from '../api/types'
import { make, plural, setText } from '../elements'
import { showTrouble } from '../trouble'
import { Batch, blocksAll, type Shipment, shipment } from './batch'
import { fromDrop, fromInput } from './chosen'
import {
  aboutPair,
  type CaseToSend,
  type ChosenFile,
  flairOf,
  groupIntoCases,
  nameOf,
} from './grouping'
import { sha256 } from './hashing'
import { ShipmentList } from './shipmentList'
import { summaryCsv } from './summary'

export interface UploadSettings {
  /** The cohort that cases are sent to. */
  readonly cohort: string
  readonly template: string
  readonly maxBytes: number
}

/** A case with what the manifest and the participants say about it. */
interface Parcel {
  readonly files: readonly ChosenFile<File>[]
  readonly subject: string
  readonly description: Description
}

export class UploadPanel {
  private readonly list = new ShipmentList()
  private readonly say = make('div', { class: 'notice', role: 'status', hidden: true })
  private readonly notes = make('details', { class: 'upload-notes', hidden: true })
  private readonly bar = make('progress', { max: 1, value: 0, 'aria-label': 'All cases' })
  private readonly actions = make('div', { class: 'actions', hidden: true })
  private readonly cancel = this.button('Cancel', () => this.batch.cancel())
  private readonly goOn = this.button('Continue', () => void this.resume())
  private readonly again = this.button('Try the refused ones again', () => {
    this.batch.reconsider()
    void this.run()
  })
  private readonly save = this.button('Download the summary (CSV)', () => this.saveSummary())
  private readonly show = this.button('Show the cases', () => location.reload())
  private readonly batch: Batch<Parcel>
  private readonly ignored: string[] = []
  /** What was chosen and could not be looked through, to go on with. */
  private unread: ChosenFile<File>[] = []
  private readonly drop: HTMLElement
  private isChecking = false

  constructor(
    root: HTMLElement,
    private readonly settings: UploadSettings,
  ) {
    this.batch = new Batch(
      (one, progress, signal) => this.send(one, progress, signal),
      (one) => this.changed(one),
    )
    this.drop = this.dropArea()
    this.actions.append(this.cancel, this.goOn, this.again, this.save, this.show)
    this.bar.hidden = true
    root.replaceChildren(
      ...[this.drop, this.say, this.bar, this.actions, this.notes, this.list.element],
    )
    window.addEventListener('beforeunload', (event) => {
      if (this.batch.isRunning || this.isChecking) event.preventDefault()
    })
  }

  private dropArea(): HTMLElement {
    return make(
      'div',
      {
        class: 'drop',
        dragover: (event) => this.hover(event, true),
        dragleave: (event) => this.hover(event, false),
        drop: (event) => void this.dropped(event as DragEvent),
      },
      make('p', {}, 'Drop NIfTI files, case folders or a whole tree of them here, or'),
      make('div', { class: 'actions' }, ...this.picker(false), ...this.picker(true)),
      make(
        'p',
        { class: 'hint' },
        'Names in headers and of files are not kept: each case gets a code. What is here already is not sent again, so that you can drop the same folder once more whenever something broke. ',
        make('a', { href: this.settings.template, download: true }, 'An empty manifest.csv'),
        ' to fill and put beside the case folders says what the scans do not: subject, age, scanner …',
      ),
    )
  }

  private picker(isFolder: boolean): [HTMLElement, HTMLElement] {
    const input = make('input', { type: 'file', multiple: true, hidden: true })
    if (isFolder) input.webkitdirectory = true
    input.addEventListener('change', () => {
      if (input.files) void this.take(fromInput(input.files))
      input.value = ''
    })
    input.dataset.action = isFolder ? 'choose-folder' : 'choose-files'
    const text = isFolder ? 'Choose a folder' : 'Choose files'
    return [this.button(text, () => input.click()), input]
  }

  private button(text: string, act: () => void): HTMLButtonElement {
    return make('button', { type: 'button', click: act }, text)
  }

  private hover(event: Event, isOver: boolean): void {
    event.preventDefault()
    this.drop.classList.toggle('is-over', isOver)
  }

  private async dropped(event: DragEvent): Promise<void> {
    this.hover(event, false)
    if (!event.dataTransfer) return
    try {
      await this.take(await fromDrop(event.dataTransfer))
    } catch (error) {
      this.tell(`What was dropped cannot be read (${explanation(error)}).`, 'is-danger')
    }
  }

  /** This will look through what was chosen, ask what of it is here, and send the rest. */
  private async take(chosen: ChosenFile<File>[]): Promise<void> {
    if (this.batch.isRunning || this.isChecking) {
      this.tell('Wait until this upload has ended, or cancel it.', 'is-warning')
      return
    }
    const { cases, manifests, participants, ignored, pairs } = groupIntoCases(chosen)
    const converting = pairs.map(aboutPair)
    this.note(converting, ignored)
    if (cases.length === 0) {
      this.tell(
        converting[0] ??
          'There is no case among these: no folder with a FLAIR.nii.gz, and no NIfTI file (.nii or .nii.gz) on its own. Nothing was sent.',
        'is-warning',
      )
      return
    }
    if (manifests.length > 1) {
      const where = manifests.map(({ path }) => path).join(', ')
      this.tell(`There are several manifests (${where}). Nothing was sent; keep one.`, 'is-danger')
      return
    }
    this.isChecking = true
    this.offer(false)
    this.unread = []
    try {
      const asked = await this.ask(cases, manifests[0], participants)
      this.batch.shipments.length = 0
      this.list.element.replaceChildren()
      this.ignored.length = 0
      this.enlist(cases, asked)
      this.note([...converting, ...asked.notes], ignored)
      this.ignored.push(...ignored)
    } catch (error) {
      if (blocksAll(error)) {
        this.unread = chosen
        const text = `${explanation(error)} No case was sent, and what you chose is kept in this page: continue when it can go on.`
        this.trouble(error, text)
      } else this.refuse(error)
      this.isChecking = false
      this.offer(false)
      return
    }
    this.isChecking = false
    await this.run()
  }

  private async ask(
    cases: readonly CaseToSend<File>[],
    manifest: ChosenFile<File> | undefined,
    participants: ChosenFile<File> | null,
  ): Promise<Foreseen> {
    const announced = []
    for (const [number, one] of cases.entries()) {
      const flair = flairOf(one)
      const told = `Looking at case ${number + 1} of ${cases.length}`
      if (number % 10 === 0) this.tell(told, '')
      announced.push({
        folder: one.folder,
        flair_sha256:
          flair && flair.content.size < this.settings.maxBytes ? await sha256(flair.content) : '',
      })
    }
    const announcement = {
      cases: announced,
      manifest: manifest ? await textOf(manifest) : '',
      participants: participants ? await textOf(participants) : '',
    }
    const cohort = { slug: this.settings.cohort }
    return request('POST', '/api/v1/cohorts/{slug}/cases/announce/', cohort, announcement)
  }

  private enlist(cases: readonly CaseToSend<File>[], asked: Foreseen): void {
    const byFolder = new Map(asked.cases.map((one) => [one.folder, one]))
    for (const one of cases) {
      const said = byFolder.get(one.folder)
      const bytes = one.files.reduce((sum, { content }) => sum + content.size, 0)
      const parcel = {
        files: one.files,
        subject: said?.subject ?? '',
        description: said?.description ?? {},
      }
      const added = shipment<Parcel>(one.label, parcel, bytes)
      this.batch.shipments.push(added)
      this.list.add(added)
      if (said?.known)
        this.batch.change(added, { fate: 'known', share: 1, code: said.code ?? '', words: '' })
      else if (bytes > this.settings.maxBytes) this.batch.change(added, this.tooLarge())
    }
  }

  private tooLarge(): Partial<Shipment<Parcel>> {
    const most = Math.round(this.settings.maxBytes / 1024 ** 2)
    const words = `Its files are larger than ${most} MB, which is the most that is taken for one case. Compress them (.nii.gz).`
    return { fate: 'refused', words }
  }

  private async send(
    one: Shipment<Parcel>,
    progress: (share: number) => void,
    signal: AbortSignal,
  ): Promise<ImportedCase> {
    const form = new FormData()
    for (const { path, content } of one.files.files) form.append('files', content, nameOf(path))
    form.append('subject', one.files.subject)
    form.append('description', JSON.stringify(one.files.description))
    const cohort = { slug: this.settings.cohort }
    return sendForm('/api/v1/cohorts/{slug}/cases/', cohort, form, progress, signal)
  }

  /** This will go on with what was chosen, wherever it stopped. */
  private resume(): Promise<void> {
    return this.unread.length > 0 ? this.take(this.unread) : this.run()
  }

  private async run(): Promise<void> {
    this.offer(true)
    this.tell(this.counts(), '')
    // The button that began it rests or is gone now, and would lose the focus.
    const focused = document.activeElement
    const isGone = focused instanceof HTMLButtonElement && (focused.disabled || focused.hidden)
    if (isGone || focused === document.body) this.cancel.focus()
    const end = await this.batch.run()
    this.offer(false)
    const { batch } = this
    const counts = this.counts()
    if (end === 'blocked') {
      const text = `${explanation(batch.trouble)} ${counts} What was taken is safe; continue when it can go on.`
      this.trouble(batch.trouble, text)
    } else if (end === 'cancelled') {
      this.tell(`Cancelled. ${counts} What was taken stays.`, 'is-warning')
    } else {
      this.tell(counts, batch.count('refused') > 0 ? 'is-warning' : 'is-ok')
    }
  }

  /** Which buttons there are, and where the overall progress stands. */
  private offer(isRunning: boolean): void {
    const { batch, unread } = this
    for (const picker of this.drop.querySelectorAll('button')) {
      picker.disabled = isRunning || this.isChecking
    }
    this.actions.hidden = batch.shipments.length + unread.length === 0
    this.bar.hidden = !isRunning
    this.cancel.hidden = !isRunning
    this.goOn.hidden = isRunning || batch.count('waiting') + unread.length === 0
    this.again.hidden = isRunning || batch.count('refused') === 0
    this.save.hidden = isRunning || batch.shipments.length === 0
    this.show.hidden = isRunning || batch.count('taken') === 0
  }

  private changed(one: Shipment<Parcel>): void {
    this.list.update(one)
    this.bar.value = this.batch.share
    if (!this.batch.isRunning || one.fate === 'sending') return
    this.tell(this.counts(), '')
  }

  private counts(): string {
    const { batch } = this
    const parts = [
      `${plural(batch.count('taken'), 'case')} taken in`,
      ...counted(batch.count('known'), 'here already'),
      ...counted(batch.count('refused'), 'refused (see below)'),
      ...counted(batch.count('waiting') + batch.count('sending'), 'to go'),
    ]
    return `${parts.join(', ')}.`
  }

  private refuse(error: unknown): void {
    this.trouble(error)
    if (!(error instanceof Refused)) return
    const faults = Object.entries(error.fields)
    if (faults.length === 0) return
    const lines = faults.map(([place, words]) => make('li', {}, `${place}: ${words.join(' ')}`))
    this.say.append(make('ul', {}, ...lines))
  }

  private note(notes: readonly string[], ignored: readonly string[]): void {
    const lines = [...notes, ...ignored.map((path) => `${path}: in no case, ignored.`)]
    this.notes.hidden = lines.length === 0
    this.notes.replaceChildren(
      make('summary', {}, `${plural(lines.length, 'remark')} about what was chosen`),
      make('ul', {}, ...lines.map((line) => make('li', {}, line))),
    )
  }

  private tell(text: string, kind: string): void {
    this.say.hidden = false
    this.say.className = `notice ${kind}`
    setText(this.say, text)
  }

  private trouble(error: unknown, text = explanation(error)): void {
    this.tell(text, 'is-danger')
    showTrouble(this.say, error, text)
  }

  private saveSummary(): void {
    const csv = summaryCsv(this.batch.shipments, this.ignored)
    const href = URL.createObjectURL(new Blob([csv], { type: 'text/csv' }))
    make('a', { href, download: 'upload-summary.csv' }).click()
    setTimeout(() => URL.revokeObjectURL(href), 10_000)
  }
}

function counted(count: number, words: string): string[] {
  return count > 0 ? [`${count} ${words}`] : []
}

/** The text of a file; raises an error that names it when it is no UTF-8. */
async function textOf(file: ChosenFile<File>): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.content.arrayBuffer())
  } catch {
    throw new Error(
      `${file.path} cannot be read as UTF-8 text. Nothing was sent; save it as "CSV UTF-8".`,
    )
  }
}

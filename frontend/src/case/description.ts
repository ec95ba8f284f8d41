// What is known about the subject and the acquisition of a case: shown, and changed by coordinators.

import { request } from '../api/client'
import { Refused } from '../api/errors'
import type { Case, Description } from '../api/types'
import { make, setText } from '../elements'
import { showTrouble } from '../trouble'

export interface DescriptionField {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly kind: 'number' | 'choice' | 'text'
  readonly choices: readonly string[]
  readonly takes: string
}

type Known = Pick<Case, 'code' | 'subject' | 'description'>
/** By the name of the field, which the server lists. */
type Values = Readonly<Record<string, string | number | null | undefined>>

export class DescriptionPart {
  readonly element = make('section', {
    class: 'description',
    'aria-label': 'Subject and acquisition',
  })
  private readonly body = make('div')
  private readonly change = make(
    'button',
    { type: 'button', 'data-action': 'describe', click: () => this.edit() },
    'Change',
  )
  private form: DescriptionForm | undefined

  constructor(
    private known: Known,
    private readonly fields: readonly DescriptionField[],
    mayChange: boolean,
  ) {
    this.element.append(make('h2', {}, 'Subject and acquisition'), this.body)
    if (mayChange) this.element.append(this.change)
    window.addEventListener('beforeunload', (event) => {
      if (this.form?.isChanged) event.preventDefault()
    })
    this.show()
  }

  private show(): void {
    const facts = make('dl', { class: 'facts' })
    const add = (title: string, value: string): void => {
      facts.append(make('dt', {}, title), make('dd', {}, value))
    }
    add('Subject', this.known.subject)
    const values: Values = this.known.description
    for (const { name, title, unit } of this.fields) {
      const value = values[name]
      if (value !== null && value !== undefined) add(title, unit ? `${value} ${unit}` : `${value}`)
    }
    const isBare = Object.keys(this.known.description).length === 0
    const hint = 'Nothing else is known. Raters never see any of this.'
    this.body.replaceChildren(facts, ...(isBare ? [make('p', { class: 'hint' }, hint)] : []))
    this.change.hidden = false
    this.form = undefined
  }

  private edit(): void {
    const form = new DescriptionForm(this.known, this.fields)
    form.element.addEventListener('reset', () => this.leave())
    form.onSaved = (known) => {
      this.known = known
      this.leave()
    }
    this.body.replaceChildren(form.element)
    this.change.hidden = true
    this.form = form
    form.focus()
  }

  private leave(): void {
    this.show()
    this.change.focus()
  }
}

type Control = HTMLInputElement | HTMLSelectElement

/** One labelled control per field; what the server refuses is said beside it. */
class DescriptionForm {
  onSaved: (known: Known) => void = () => undefined
  readonly element: HTMLFormElement
  private readonly controls = new Map<string, Control>()
  private readonly faults = new Map<string, HTMLElement>()
  private readonly trouble = make('p', { class: 'trouble', role: 'alert' })
  private readonly save = make('button', { type: 'submit', class: 'primary' }, 'Save')

  constructor(
    private readonly known: Known,
    fields: readonly DescriptionField[],
  ) {
    const subject = make('input', { type: 'text', maxlength: 20, required: true })
    subject.value = known.subject
    this.element = make(
      'form',
      { class: 'description-form', novalidate: true, submit: (event) => void this.send(event) },
      this.row('subject', 'Subject', 'Two time points of a person share it.', subject),
      ...fields.map((field) => {
        const title = field.unit ? `${field.title} (${field.unit})` : field.title
        const hint = field.kind === 'choice' ? '' : field.takes
        return this.row(field.name, title, hint, controlFor(field, known.description))
      }),
      this.trouble,
      make('div', { class: 'actions' }, this.save, make('button', { type: 'reset' }, 'Go back')),
    )
  }

  get isChanged(): boolean {
    const { subject, description } = this.changes()
    return subject !== undefined || Object.keys(description).length > 0
  }

  focus(): void {
    this.controls.get('subject')?.focus()
  }

  private row(name: string, title: string, hint: string, control: Control): HTMLElement {
    const id = `description-${name}`
    control.id = id
    control.setAttribute('aria-describedby', `${id}-hint ${id}-fault`)
    const fault = make('p', { class: 'field-error', id: `${id}-fault` })
    this.controls.set(name, control)
    this.faults.set(name, fault)
    return make(
      'div',
      {},
      make('label', { for: id }, title),
      control,
      fault,
      make('p', { class: 'hint', id: `${id}-hint`, hidden: hint === '' }, hint),
    )
  }

  /** Only what was changed is sent: another person may have changed the rest meanwhile. */
  private changes(): { subject?: string; description: Description } {
    const known: Values = this.known.description
    const changed: Record<string, string | null> = {}
    for (const [name, control] of this.controls) {
      const before = `${known[name] ?? ''}`
      if (name !== 'subject' && control.value !== before) changed[name] = control.value || null
    }
    const description = changed as Description // the server reads numbers from text, and says why not
    const subject = this.controls.get('subject')?.value ?? ''
    return subject === this.known.subject ? { description } : { subject, description }
  }

  private async send(event: Event): Promise<void> {
    event.preventDefault()
    this.save.disabled = true
    setText(this.trouble, '')
    for (const [name, fault] of this.faults) {
      setText(fault, '')
      this.controls.get(name)?.removeAttribute('aria-invalid')
    }
    try {
      const { code } = this.known
      this.onSaved(await request('PATCH', '/api/v1/cases/{code}/', { code }, this.changes()))
    } catch (error) {
      this.explain(error)
    }
    this.save.disabled = false
  }

  private explain(error: unknown): void {
    showTrouble(this.trouble, error)
    if (!(error instanceof Refused)) return
    const wrong = Object.entries(error.fields).filter(([name]) => this.controls.has(name))
    for (const [name, words] of wrong) {
      this.faults.get(name)?.replaceChildren(words.join(' '))
      this.controls.get(name)?.setAttribute('aria-invalid', 'true')
    }
    const first = wrong[0]?.[0]
    if (first) this.controls.get(first)?.focus()
  }
}

function controlFor(field: DescriptionField, description: Values): Control {
  const value = `${description[field.name] ?? ''}`
  if (field.kind !== 'choice') {
    const inputmode = field.kind === 'number' ? 'decimal' : 'text'
    return Object.assign(make('input', { type: 'text', inputmode, maxlength: 60 }), { value })
  }
  const nothing = make('option', { value: '' }, 'not known')
  const options = field.choices.map((choice) => make('option', { value: choice }, choice))
  return Object.assign(make('select', {}, nothing, ...options), { value })
}

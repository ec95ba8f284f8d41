// Fields of a form with their faults beside them.

import { make, setText } from '../elements'

type Control = HTMLInputElement | HTMLSelectElement | HTMLFieldSetElement

export class Fields {
  private readonly faults = new Map<string, readonly [Control, HTMLElement]>()

  /** `prefix` keeps the ids of two forms on one page apart. */
  constructor(private readonly prefix: string) {}

  /** This will lay out a control under its label, with room for what is wrong with it. */
  field(name: string, label: string, control: Control, hint = ''): HTMLElement[] {
    const id = `${this.prefix}-${name}`
    control.id = id
    const fault = this.faultOf(name, control)
    const note = hint ? [make('p', { class: 'hint', id: `${id}-hint` }, hint)] : []
    control.setAttribute('aria-describedby', `${fault.id}${hint ? ` ${id}-hint` : ''}`)
    return [make('label', { for: id }, label), control, ...note, fault]
  }

  /** This will lay out boxes to tick under a legend. */
  boxes(name: string, legend: string, set: HTMLFieldSetElement, hint = ''): HTMLElement[] {
    set.className = 'plain'
    set.prepend(make('legend', {}, legend))
    const note = hint ? [make('p', { class: 'hint' }, hint)] : []
    return [set, ...note, this.faultOf(name, set)]
  }

  /** Whether all that was refused has a place in this form. */
  knows(fields: Readonly<Record<string, readonly string[]>>): boolean {
    const names = Object.keys(fields)
    return names.length > 0 && names.every((name) => this.faults.has(name))
  }

  /** This will say what is wrong beside each field, and go to the first unless somebody types. */
  say(fields: Readonly<Record<string, readonly string[]>>, goesThere = true): void {
    let first: Control | null = null
    for (const [name, [control, fault]] of this.faults) {
      const words = (fields[name] ?? []).join(' ')
      setText(fault, words)
      if (words) control.setAttribute('aria-invalid', 'true')
      else control.removeAttribute('aria-invalid')
      if (words && !first) first = control
    }
    const target = first instanceof HTMLFieldSetElement ? first.querySelector('input') : first
    if (goesThere) target?.focus()
  }

  private faultOf(name: string, control: Control): HTMLElement {
    const fault = make('p', { class: 'field-error', id: `${this.prefix}-${name}-fault` })
    this.faults.set(name, [control, fault])
    return fault
  }
}

export interface Box {
  readonly value: string
  readonly text: string
  readonly checked: boolean
}

/** This will exchange the boxes of a set; what was ticked before stays ticked. */
export function exchangeBoxes(set: HTMLFieldSetElement, boxes: readonly Box[]): void {
  const before = new Map(inputsOf(set).map((box) => [box.value, box.checked]))
  for (const label of set.querySelectorAll('label')) label.remove()
  for (const { value, text, checked } of boxes) {
    const box = make('input', { type: 'checkbox', value, checked: before.get(value) ?? checked })
    set.append(make('label', { class: 'check' }, box, text))
  }
}

/** The values that are ticked, in order. */
export function ticked(set: HTMLFieldSetElement): string[] {
  return inputsOf(set)
    .filter(({ checked }) => checked)
    .map(({ value }) => value)
}

function inputsOf(set: HTMLFieldSetElement): HTMLInputElement[] {
  return [...set.querySelectorAll('input')]
}

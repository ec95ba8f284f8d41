// The cases of an upload, a line each.

import { make, plural, setText } from '../elements'
import type { Shipment } from './batch'

interface Line {
  readonly bar: HTMLProgressElement
  readonly fate: HTMLElement
}

export class ShipmentList {
  readonly element = make('ul', { class: 'uploads' })
  private readonly lines = new Map<Shipment<unknown>, Line>()

  add(one: Shipment<unknown>): void {
    const bar = make('progress', { max: 1, value: 0, 'aria-label': `Sending ${one.label}` })
    const fate = make('span', {}, one.words)
    this.lines.set(one, { bar, fate })
    this.element.append(make('li', {}, make('strong', {}, one.label), make('span', {}, bar, fate)))
  }

  update(one: Shipment<unknown>): void {
    const line = this.lines.get(one)
    if (!line) return
    line.bar.value = one.share
    line.bar.hidden = one.fate !== 'sending'
    line.fate.className = `is-${one.fate}`
    setText(line.fate, shownWords(one))
  }
}

/** What became of a case, in words. */
function shownWords(one: Shipment<unknown>): string {
  if (one.fate === 'known') {
    return one.words || `Here already${one.code ? ` as case ${one.code}` : ''}; not sent again`
  }
  if (one.fate !== 'taken') return one.words
  const ignored = one.ignored.length > 0 ? [`ignored: ${one.ignored.join(', ')}`] : []
  const described =
    one.described.length > 0 ? [`${plural(one.described.length, 'field')} described`] : []
  const notes = one.words ? [one.words] : []
  return [`Case ${one.code} (${one.taken.join(', ')})`, ...described, ...ignored, ...notes].join(
    '; ',
  )
}

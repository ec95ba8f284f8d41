// What a rater declares before reading: a signature, a qualification, the room they sit in.

import { request } from '../api/client'
import type { Declaration, Reading } from '../api/types'
import { make } from '../elements'
import { showTrouble } from '../trouble'

/** This will ask for what `reading.asks` lists, send it, and hand on where the reading stands. */
export function declarationForm(
  reading: Reading,
  goOn: (reading: Reading) => void,
  choices: (...buttons: Node[]) => HTMLElement,
): HTMLElement {
  const asks = new Set(reading.asks)
  const text = (id: string): HTMLInputElement =>
    make('input', { id, required: true, maxlength: 200 })
  const choice = (id: string, options: readonly (readonly [string, string])[]): HTMLSelectElement =>
    make(
      'select',
      { id, required: true },
      make('option', { value: '' }, 'Choose…'),
      ...options.map(([value, shown]) => make('option', { value }, shown)),
    )
  const signed = make('input', { id: 'signed', type: 'checkbox', required: true })
  const years = make('input', { id: 'years', type: 'number', min: 0, max: 80, required: true })
  const specialty = text('specialty')
  const training = text('training')
  const light = choice('room-light', [
    ['dark', 'dark'],
    ['dimmed', 'dimmed'],
    ['bright', 'bright'],
  ])
  const screen = choice('screen', [
    ['diagnostic', 'a diagnostic monitor'],
    ['office', 'an office monitor'],
    ['laptop', 'a laptop'],
    ['other', 'another one'],
  ])
  const field = (label: string, element: HTMLElement): HTMLElement[] => [
    make('label', { for: element.id }, label),
    element,
  ]
  const trouble = make('p', { class: 'trouble', role: 'alert' })
  const send = make('button', { type: 'submit', class: 'primary' }, 'Go on')
  const form = make(
    'form',
    { class: 'declaration' },
    ...(asks.has('qualification')
      ? [
          make('h2', {}, 'About you'),
          make('p', { class: 'hint' }, 'The report of the study tells it beside your user name.'),
          ...field('Years of experience with MS scans', years),
          ...field('Specialty', specialty),
          ...field('Training (residency, fellowship, courses)', training),
        ]
      : []),
    ...(asks.has('conditions')
      ? [
          make('h2', {}, 'This sitting'),
          ...field('The room is', light),
          ...field('The screen is', screen),
        ]
      : []),
    ...(asks.has('signature')
      ? [
          make(
            'label',
            { class: 'check', for: 'signed' },
            signed,
            'I have read the instructions above and will follow them',
          ),
        ]
      : []),
    trouble,
    choices(send),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const declared: Declaration = {
      signed_sha256: asks.has('signature') ? reading.instructions_sha256 : null,
      qualification: asks.has('qualification')
        ? { years: Number(years.value), specialty: specialty.value, training: training.value }
        : null,
      conditions: asks.has('conditions')
        ? {
            room_light: light.value as NonNullable<Declaration['conditions']>['room_light'],
            screen: screen.value as NonNullable<Declaration['conditions']>['screen'],
          }
        : null,
    }
    send.disabled = true
    const where = { reading: reading.reading }
    request('POST', '/api/v1/readings/{reading}/declaration/', where, declared)
      .then(goOn)
      .catch((error: unknown) => {
        send.disabled = false
        showTrouble(trouble, error)
      })
  })
  return form
}

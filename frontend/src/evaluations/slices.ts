// Slices of an evaluation that are chosen to be drawn: with every mask, or one method against one
// reference.

import { address, request } from '../api/client'
import type { ChosenSlice, Evaluation } from '../api/types'
import { make, setText } from '../elements'
import { showTrouble } from '../trouble'

const KINDS = [
  ['side-by-side', 'Side by side'],
  ['outlines', 'Outlines'],
] as const

/** The part of the page where slices are chosen and seen. */
export function slicesPart(evaluation: Evaluation, most: number): HTMLElement {
  const { id } = evaluation
  const trouble = make('p', { class: 'trouble', role: 'alert' })
  const drawn = make('div')
  const code = make(
    'select',
    {},
    ...evaluation.cases.map((one) => make('option', { value: one }, one)),
  )
  const slice = make('input', { type: 'number', min: 1, value: 1 })
  const method = make(
    'select',
    { change: () => arrange() },
    make('option', { value: '' }, 'all masks'),
    ...evaluation.methods.map(({ name, title }) => make('option', { value: name }, title)),
  )
  const reference = make(
    'select',
    {},
    ...evaluation.references.map((name) => make('option', { value: name }, name)),
  )
  const against = make('label', {}, 'Against', reference)
  const arrange = (): void => {
    against.hidden = method.value === ''
  }
  arrange()
  let chosen: readonly ChosenSlice[] = evaluation.slices
  const choose = async (wanted: readonly ChosenSlice[]): Promise<void> => {
    setText(trouble, '')
    try {
      const body = { slices: [...wanted] }
      const answer = await request('PUT', '/api/v1/evaluations/{id}/slices/', { id }, body)
      chosen = answer.slices
      show()
    } catch (error) {
      showTrouble(trouble, error)
    }
  }
  const show = (): void => {
    drawn.replaceChildren(
      ...chosen.map((one) =>
        slicePart(evaluation, one, () => void choose(chosen.filter((other) => other !== one))),
      ),
    )
  }
  const add = (): void => {
    const pair = { method: method.value, reference: method.value && reference.value }
    void choose([...chosen, { case: code.value, slice: slice.valueAsNumber || 1, ...pair }])
  }
  show()
  return make(
    'section',
    { class: 'sheet' },
    make(
      'p',
      { class: 'hint' },
      `Choose up to ${most} axial slices, numbered from 1 at the bottom. They are drawn here and in the bundle: all masks side by side, then the outlines of every method with those of every reference, as in the paper's Figure 2; or one method with one reference alone. The patient's right is on the left.`,
    ),
    make(
      'div',
      { class: 'filter', role: 'group', 'aria-label': 'A slice to draw' },
      make('label', {}, 'Case', code),
      make('label', {}, 'Slice', slice),
      make('label', {}, 'Masks', method),
      against,
      make('button', { type: 'button', click: add }, 'Add the slice'),
    ),
    trouble,
    drawn,
  )
}

function slicePart(evaluation: Evaluation, chosen: ChosenSlice, remove: () => void): HTMLElement {
  const { method, reference } = chosen
  const title = evaluation.methods.find(({ name }) => name === method)?.title ?? method
  const name = `${chosen.case}, slice ${chosen.slice}${method ? `: ${title} against ${reference}` : ''}`
  const source = (kind: 'side-by-side' | 'outlines', as: 'svg' | 'png'): string =>
    address('/api/v1/evaluations/{id}/picture/', { id: evaluation.id, ...chosen, kind, as })
  return make(
    'section',
    { class: 'slice', 'aria-label': name },
    make('h3', {}, name),
    ...KINDS.filter(([kind]) => !method || kind === 'outlines').map(([kind, words]) =>
      make(
        'figure',
        {},
        make('img', { src: source(kind, 'svg'), alt: `${name}: ${words.toLowerCase()}` }),
        make(
          'figcaption',
          { class: 'hint' },
          `${words}. `,
          make('a', { href: source(kind, 'svg'), download: `${kind}.svg` }, 'SVG'),
          ' ',
          make('a', { href: source(kind, 'png'), download: `${kind}.png` }, 'PNG'),
        ),
      ),
    ),
    make('button', { type: 'button', click: remove, 'aria-label': `Remove ${name}` }, 'Remove'),
  )
}

// A figure as the server described it, drawn by Vega without a line of generated code.

import { explanation } from '../api/errors'
import type { Figure } from '../api/types'
import { make } from '../elements'
import { reachWhenScrolling } from '../scrolling'

/** This will make a figure with its words and the way to its numbers. */
export function figurePanel(figure: Figure, sectionTitle: string): HTMLElement {
  const { name, title } = figure
  const attributes = { class: 'sheet', 'data-figure': name }
  return make('figure', attributes, make('h3', {}, title), ...drawn(figure, sectionTitle))
}

/** The same, to be opened. */
export function foldedFigure(figure: Figure, sectionTitle: string, isOpen: boolean): HTMLElement {
  const { name, title } = figure
  return make(
    'details',
    { class: 'sheet folded', open: isOpen },
    make('summary', {}, make('h3', {}, title)),
    make('figure', { 'data-figure': name }, ...drawn(figure, sectionTitle)),
  )
}

function drawn(figure: Figure, sectionTitle: string): HTMLElement[] {
  const canvas = make('div', { class: 'plot', role: 'group', 'aria-label': figure.title })
  reachWhenScrolling(canvas)
  void draw(canvas, figure)
  return [
    canvas,
    make(
      'figcaption',
      { class: 'hint' },
      `${figure.description} The numbers: `,
      make('a', { href: `#${figure.section}` }, sectionTitle),
      '.',
    ),
  ]
}

async function draw(canvas: HTMLElement, figure: Figure): Promise<void> {
  try {
    const { drawFigure } = await import('./vega')
    await drawFigure(canvas, figure.spec)
  } catch (error) {
    canvas.replaceChildren(
      make('p', { class: 'trouble' }, `The figure could not be drawn: ${explanation(error)}`),
    )
  }
}

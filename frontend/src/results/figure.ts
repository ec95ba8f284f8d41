// A figure as the server described it, drawn by Vega without a line of generated code.

import { explanation } from '../api/errors'
import type { Figure } from '../api/types'
import { make } from '../elements'
import { reachWhenScrolling } from '../scrolling'

/** This will make a figure with its words and the way to its numbers; it is drawn when it is near. */
export function figurePanel(figure: Figure, sectionTitle: string): HTMLElement {
  const canvas = make('div', { class: 'plot', role: 'group', 'aria-label': figure.title })
  reachWhenScrolling(canvas)
  const panel = make(
    'figure',
    { class: 'sheet', 'data-figure': figure.name },
    make('h3', {}, figure.title),
    canvas,
    make(
      'figcaption',
      { class: 'hint' },
      `${figure.description} The numbers: `,
      make('a', { href: `#${figure.section}` }, sectionTitle),
      '.',
    ),
  )
  void draw(canvas, figure)
  return panel
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

// The only file that knows Vega: a Vega-Lite specification in, an SVG drawing out. Expressions are
// interpreted, since the pages allow no code that is made at run time.

import { parse, View } from 'vega'
import { expressionInterpreter } from 'vega-interpreter'
import { compile, type TopLevelSpec } from 'vega-lite'

/** This will draw a specification inside `canvas`; rejects for one that is none. */
export async function drawFigure(
  canvas: HTMLElement,
  spec: Readonly<Record<string, unknown>>,
): Promise<void> {
  const compiled = compile(spec as unknown as TopLevelSpec).spec
  const view = new View(parse(compiled, undefined, { ast: true }), {
    expr: expressionInterpreter,
    renderer: 'svg',
    container: canvas,
    hover: true,
  })
  await view.runAsync()
}

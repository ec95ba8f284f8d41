// @vitest-environment happy-dom
import { expect, test } from 'vitest'
import { drawFigure } from './vega'

const SPEC = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  description: 'Two bars.',
  data: {
    values: [
      { a: 'x', n: 1 },
      { a: 'y', n: 3 },
    ],
  },
  mark: 'bar',
  encoding: {
    x: { field: 'a', type: 'nominal' },
    y: {
      field: 'n',
      type: 'quantitative',
      axis: { labelExpr: "format(100 * datum.value, 'd') + ' %'" },
    },
  },
}

test('expressions of a figure are interpreted: no code is made at run time', async () => {
  const refused = globalThis.Function
  const canvas = document.createElement('div')
  globalThis.Function = (() => {
    throw new Error('code was made')
  }) as unknown as FunctionConstructor
  try {
    await drawFigure(canvas, SPEC)
  } finally {
    globalThis.Function = refused
  }
  const texts = [...canvas.querySelectorAll('text')].map((text) => text.textContent)
  expect(texts).toContain('100 %')
})

// A line chart as plain SVG: one quantity over epochs or thresholds. A table beside it says the same.

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Line {
  readonly name: string
  /** In the order of x; places without a value are left out. */
  readonly points: readonly Point[]
}

export interface Chart {
  /** What a person who does not see it is told. */
  readonly label: string
  readonly xTitle: string
  readonly yTitle: string
  /** Where both axes begin and end; the data's own range where nothing is said. */
  readonly xRange?: readonly [number, number]
  readonly yRange?: readonly [number, number]
  /** The least that ticks of the x axis are apart. */
  readonly xStep?: number
  readonly lines: readonly Line[]
  /** A place on the x axis that is marked, and what for. */
  readonly mark?: { readonly x: number; readonly text: string }
}

const WIDTH = 480
const HEIGHT = 220
const LEFT = 58
const RIGHT = 16
const TOP = 14
const BOTTOM = 44
const MOST_DOTS = 40
const SVG = 'http://www.w3.org/2000/svg'

/** What an axis shows at least, so that noise looks like noise and ticks have few digits. */
const LEAST_SPAN = 0.05

/**
 * This will return round numbers from `low` to `high`, about `count` of them and `least` apart.
 * Where both are equal it is that one number.
 */
export function ticks(low: number, high: number, count: number, least = 0): number[] {
  if (!(high > low)) return [low]
  const raw = (high - low) / count
  const power = 10 ** Math.floor(Math.log10(raw))
  const round = ([1, 2, 2.5, 5, 10].find((one) => one * power >= raw) ?? 10) * power
  const step = Math.max(round, least)
  const found: number[] = []
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + 1e-9 * step; at += 1) {
    found.push(Number((at * step).toPrecision(12)))
  }
  return found
}

/** This will return where values begin and end with a little room, not below 0 for their sake. */
export function extent(values: readonly number[]): [number, number] {
  if (values.length === 0) return [0, 1]
  const low = Math.min(...values)
  const high = Math.max(...values)
  const room = Math.max(0.06 * (high - low), (LEAST_SPAN - (high - low)) / 2)
  return [Math.max(low - room, Math.min(low, 0)), high + room]
}

function svg(name: string, attributes: Readonly<Record<string, string | number>>, text = '') {
  const element = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value))
  if (text) element.textContent = text
  return element
}

/** This will draw a chart. Its first line is the accented one. */
export function drawChart(chart: Chart): SVGElement {
  const points = chart.lines.flatMap((line) => line.points)
  const xs = points.map(({ x }) => x)
  const [x0, x1] = chart.xRange ?? [Math.min(...xs, 0), Math.max(...xs, 1)]
  const [y0, y1] = chart.yRange ?? extent(points.map(({ y }) => y))
  const across = (x: number): number => LEFT + ((x - x0) / (x1 - x0 || 1)) * (WIDTH - LEFT - RIGHT)
  const up = (y: number): number =>
    HEIGHT - BOTTOM - ((y - y0) / (y1 - y0 || 1)) * (HEIGHT - TOP - BOTTOM)
  const root = svg('svg', {
    class: 'chart',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: 'img',
    'aria-label': chart.label,
  })
  root.append(...axes(chart, [x0, x1], [y0, y1], across, up))
  if (chart.mark) root.append(...marked(chart.mark, across))
  for (const [number, line] of chart.lines.entries())
    root.append(...drawn(line, number, across, up))
  return root
}

type Scale = (value: number) => number

function axes(
  chart: Chart,
  [x0, x1]: readonly [number, number],
  [y0, y1]: readonly [number, number],
  across: Scale,
  up: Scale,
): SVGElement[] {
  const bottom = HEIGHT - BOTTOM
  const parts: SVGElement[] = []
  for (const y of ticks(y0, y1, 5)) {
    parts.push(svg('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: up(y), y2: up(y) }))
    parts.push(svg('text', { x: LEFT - 8, y: up(y) + 4, 'text-anchor': 'end' }, String(y)))
  }
  for (const x of ticks(x0, x1, 6, chart.xStep)) {
    parts.push(
      svg('line', { class: 'tick', x1: across(x), x2: across(x), y1: bottom, y2: bottom + 4 }),
    )
    parts.push(svg('text', { x: across(x), y: bottom + 18, 'text-anchor': 'middle' }, String(x)))
  }
  const middle = (LEFT + WIDTH - RIGHT) / 2
  parts.push(
    svg(
      'text',
      { class: 'title', x: middle, y: HEIGHT - 6, 'text-anchor': 'middle' },
      chart.xTitle,
    ),
  )
  const turned = `translate(14 ${(TOP + bottom) / 2}) rotate(-90)`
  parts.push(
    svg('text', { class: 'title', transform: turned, 'text-anchor': 'middle' }, chart.yTitle),
  )
  parts.push(svg('line', { class: 'axis', x1: LEFT, x2: WIDTH - RIGHT, y1: bottom, y2: bottom }))
  return parts
}

function marked(mark: { x: number; text: string }, across: Scale): SVGElement[] {
  const x = across(mark.x)
  const isRight = x > WIDTH / 2
  return [
    svg('line', { class: 'mark', x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM }),
    svg(
      'text',
      {
        class: 'mark',
        x: x + (isRight ? -6 : 6),
        y: HEIGHT - BOTTOM - 8,
        'text-anchor': isRight ? 'end' : 'start',
      },
      mark.text,
    ),
  ]
}

function drawn(line: Line, number: number, across: Scale, up: Scale): SVGElement[] {
  const places = line.points.map(({ x, y }) => [across(x), up(y)] as const)
  const kind = number === 0 ? 'is-first' : 'is-second'
  const path = svg('polyline', {
    class: `line ${kind}`,
    points: places.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' '),
  })
  const dots = places.length > MOST_DOTS ? [] : places
  return [path, ...dots.map(([cx, cy]) => svg('circle', { class: `dot ${kind}`, cx, cy, r: 3 }))]
}

// The tools and their settings, above the list of lesions.

import { make, setText } from '../elements'

export type Tool = 'choose' | 'brush' | 'erase' | 'lasso' | 'cut' | 'grow' | 'merge'

interface ToolText {
  readonly tool: Tool
  readonly name: string
  readonly key: string
  readonly does: string
}

export const TOOLS: readonly ToolText[] = [
  { tool: 'choose', name: 'Choose', key: 's', does: 'choose a lesion; drag to move the crosshair' },
  { tool: 'brush', name: 'Brush', key: 'b', does: 'draw; Shift while drawing erases' },
  { tool: 'erase', name: 'Eraser', key: 'e', does: 'erase; Shift while erasing draws' },
  { tool: 'lasso', name: 'Lasso', key: 'l', does: 'circle what becomes lesion; Shift: what goes' },
  { tool: 'grow', name: 'Grow', key: 'g', does: 'click a lesion that is not drawn to segment it' },
  { tool: 'cut', name: 'Split', key: 'k', does: 'draw a line across a lesion, through its slices' },
  { tool: 'merge', name: 'Merge', key: 'm', does: 'click the lesion to join the chosen one with' },
]

export interface Settings {
  tool: Tool
  /** Of brush and eraser. */
  radiusMm: number
  /** The brush leaves voxels that are darker alone; null draws anywhere. */
  least: number | null
  /** What a lesion is grown by: the grey level, or the map of the method that made the mask. */
  by: 'grey' | 'map'
  /** How much darker, or less likely, than the clicked voxel a grown lesion may get, in percent. */
  tolerance: number
  /** How far from the click it may reach, in mm. */
  reachMm: number
}

export const FIRST_SETTINGS: Settings = {
  tool: 'brush',
  radiusMm: 2,
  least: null,
  by: 'grey',
  tolerance: 15,
  reachMm: 20,
}

const RADII: readonly number[] = [0.5, 1, 1.5, 2, 3, 4, 6, 8]

export class Palette {
  readonly element = make('section', { class: 'palette', 'aria-label': 'Tools' })
  private readonly buttons = new Map<Tool, HTMLButtonElement>()
  private readonly size: Slider
  private readonly least: Slider
  private readonly tolerance: Slider
  private readonly reach: Slider
  private readonly onlyBright = make('input', {
    type: 'checkbox',
    change: () => this.change({ least: this.onlyBright.checked ? this.brightest * 0.7 : null }),
  })
  private readonly by = make(
    'select',
    { change: () => this.change({ by: this.by.value === 'map' ? 'map' : 'grey' }) },
    make('option', { value: 'grey' }, 'grey level'),
    make('option', { value: 'map' }, "the method's map"),
  )
  private readonly byRow = make('label', { class: 'setting' }, make('span', {}, 'By'), this.by)
  private brightest = 1
  private hasMap = false

  constructor(
    readonly settings: Settings,
    private readonly onChange: () => void,
  ) {
    const row = make('div', { class: 'tool-buttons' })
    for (const { tool, name, key, does } of TOOLS) {
      const title = `${does} (${key.toUpperCase()})`
      const pick = (): void => this.change({ tool })
      const button = make('button', { type: 'button', title, 'data-tool': tool, click: pick }, name)
      this.buttons.set(tool, button)
      row.append(button)
    }
    this.size = new Slider('Size', 0, RADII.length - 1, (at) =>
      this.change({ radiusMm: RADII[at] ?? 2 }),
    )
    this.least = new Slider('', 0, 200, (at) => this.change({ least: (at / 200) * this.brightest }))
    this.least.range.setAttribute('aria-label', 'Darkest grey level that is drawn on')
    this.tolerance = new Slider('Darker by', 1, 60, (tolerance) => this.change({ tolerance }))
    this.reach = new Slider('Reach', 5, 60, (reachMm) => this.change({ reachMm }))
    const bright = make('label', { class: 'only-bright' }, this.onlyBright, 'Only where brighter')
    this.element.append(
      row,
      this.size.element,
      make('div', { class: 'setting', 'data-for': 'bright' }, bright, this.least.element),
      this.byRow,
      this.tolerance.element,
      this.reach.element,
    )
    this.update()
  }

  /** The grey levels that thresholds are chosen from. */
  setBrightest(value: number): void {
    this.brightest = value
    this.update()
  }

  /** This will offer to grow by a probability map. */
  offerMap(): void {
    this.hasMap = true
    this.update()
  }

  change(some: Partial<Settings>): void {
    Object.assign(this.settings, some)
    this.update()
    this.onChange()
  }

  /** This will make brush and eraser smaller or larger by one step. */
  resize(steps: 1 | -1): void {
    const at = RADII.indexOf(this.settings.radiusMm) + steps
    this.change({ radiusMm: RADII[Math.max(0, Math.min(RADII.length - 1, at))] ?? 2 })
  }

  private update(): void {
    const { tool, radiusMm, least, by, tolerance, reachMm } = this.settings
    for (const [name, button] of this.buttons) {
      button.setAttribute('aria-pressed', String(name === tool))
    }
    const isBrush = tool === 'brush' || tool === 'erase'
    this.size.show(isBrush, RADII.indexOf(radiusMm), `${2 * radiusMm} mm`)
    const bright = this.element.querySelector<HTMLElement>('[data-for=bright]')
    if (bright) bright.hidden = !isBrush && tool !== 'lasso'
    this.onlyBright.checked = least !== null
    const level = ((least ?? 0) / this.brightest) * 200
    this.least.show(least !== null, Math.round(level), `${Math.round(least ?? 0)}`)
    this.byRow.hidden = tool !== 'grow' || !this.hasMap
    this.by.value = by
    this.tolerance.name(by === 'map' ? 'Less likely by' : 'Darker by')
    this.tolerance.show(tool === 'grow', tolerance, `${tolerance} %`)
    this.reach.show(tool === 'grow', reachMm, `${reachMm} mm`)
  }
}

class Slider {
  readonly range: HTMLInputElement
  readonly element: HTMLElement
  private readonly text = make('output')
  private readonly title = make('span')

  constructor(name: string, min: number, max: number, onInput: (value: number) => void) {
    this.range = make('input', {
      type: 'range',
      min,
      max,
      input: () => onInput(Number(this.range.value)),
    })
    this.element = make(
      'label',
      { class: 'setting' },
      ...(name ? [this.title] : []),
      this.range,
      this.text,
    )
    this.name(name)
  }

  name(title: string): void {
    setText(this.title, title)
  }

  show(isShown: boolean, value: number, text: string): void {
    this.element.hidden = !isShown
    this.range.value = String(value)
    setText(this.text, text)
  }
}

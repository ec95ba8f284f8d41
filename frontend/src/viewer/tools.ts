// The controls of the viewer, below the image.

import { make, setText } from '../elements'
import type { Viewer } from './viewer'

export interface Tools {
  readonly element: HTMLElement
  update(): void
}

function slider(label: string, onInput: (value: number) => void, steps = 200): HTMLInputElement {
  return make('input', {
    type: 'range',
    min: 0,
    max: steps,
    'aria-label': label,
    input: (event) => onInput(Number((event.target as HTMLInputElement).value)),
  })
}

/** `command` names the shortcut that does the same, whose key the title then tells. */
function button(
  text: string,
  title: string,
  command: string,
  click: () => void,
): HTMLButtonElement {
  return make('button', { type: 'button', title, 'data-command': command, click }, text)
}

function group(name: string, ...children: (Node | string)[]): HTMLElement {
  return make('div', { class: 'tool-group', role: 'group', 'aria-label': name }, ...children)
}

/** This will build slice, view, mask and grey level controls; they follow keys and mouse. */
export function buildTools(viewer: Viewer): Tools {
  const slice = slider('Slice', (value) => viewer.goToSlice(value))
  const sliceText = make('output', { class: 'tool-value' })
  const planes = button('3 planes', 'Axial alone, or three planes (V)', 'three-planes', () =>
    viewer.setView(viewer.state.view === 'axial' ? 'multi' : 'axial'),
  )
  const fit = button('Fit', 'Whole slice (0)', 'whole-slice', () => viewer.resetZoom())
  const hidden = button(
    'Hide mask',
    'Hide the mask; hold the key to look below it (Space, H)',
    'look-below-the-mask',
    () => viewer.setLook({ isHidden: !viewer.state.look.isHidden }),
  )
  const outline = button('Outline', 'Outline or fill (O)', 'outline-or-fill', () =>
    viewer.setLook({ style: viewer.state.look.style === 'fill' ? 'outline' : 'fill' }),
  )
  const opacity = slider(
    'Opacity of the mask',
    (value) => viewer.setLook({ opacity: value / 100 }),
    100,
  )

  const range = () => {
    const { low, high } = viewer.range
    return { low, span: Math.max(high - low, 1e-9) * 1.2 }
  }
  const grey = (value: number): number => range().low + (value / 200) * range().span
  const black = slider('Black below', (value) =>
    viewer.setWindow({
      ...viewer.state.window,
      low: Math.min(grey(value), viewer.state.window.high - 1e-6),
    }),
  )
  const white = slider('White above', (value) =>
    viewer.setWindow({
      ...viewer.state.window,
      high: Math.max(grey(value), viewer.state.window.low + 1e-6),
    }),
  )
  const reset = button(
    'Reset',
    'Grey levels as at the start (R)',
    'grey-levels-as-at-the-start',
    () => viewer.resetWindow(),
  )

  const element = make(
    'div',
    { class: 'tools', role: 'toolbar', 'aria-label': 'Viewer' },
    group('Slice', make('span', { class: 'tool-name' }, 'Slice'), slice, sliceText),
    group('View', planes, fit),
    group('Mask', hidden, outline, make('span', { class: 'tool-name' }, 'Opacity'), opacity),
    group(
      'Grey levels',
      make('span', { class: 'tool-name' }, 'Black'),
      black,
      make('span', { class: 'tool-name' }, 'White'),
      white,
      reset,
    ),
  )
  return {
    element,
    update() {
      const { state } = viewer
      slice.max = String(Math.max(0, state.slices - 1))
      slice.value = String(state.slice)
      setText(sliceText, `${state.slice + 1} / ${state.slices}`)
      planes.setAttribute('aria-pressed', String(state.view === 'multi'))
      hidden.setAttribute('aria-pressed', String(state.look.isHidden))
      outline.setAttribute('aria-pressed', String(state.look.style === 'outline'))
      opacity.value = String(Math.round(state.look.opacity * 100))
      opacity.disabled = state.look.style === 'outline'
      const { low, span } = range()
      black.value = String(Math.round(((state.window.low - low) / span) * 200))
      white.value = String(Math.round(((state.window.high - low) / span) * 200))
    },
  }
}

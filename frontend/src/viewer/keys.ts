// The keyboard of a page with a viewer: one table for the keys and for their legend.

export interface Shortcut {
  /** For what may have another key: words joined by hyphens. */
  readonly name?: string
  /** What the legend shows. */
  readonly shown: string
  readonly does: string
  /** What the keys of this line do, in a word or two, where they are among the most needed ones. */
  readonly brief?: string
  readonly keys: readonly string[]
  readonly ctrl?: boolean
  readonly shift?: boolean
  readonly run: () => void
  /** Held down, the keys still run it once. */
  readonly once?: boolean
  /** For keys that do something as long as they are held. */
  readonly release?: () => void
}

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement)
    return !['radio', 'checkbox', 'range'].includes(target.type)
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}

/** Keys that move or press the control that has the focus stay with it. */
function belongsToControl(event: KeyboardEvent): boolean {
  const { target, key } = event
  if (target instanceof HTMLInputElement) return key.startsWith('Arrow') || key === ' '
  const isPressable =
    target instanceof HTMLElement && ['BUTTON', 'A', 'SUMMARY'].includes(target.tagName)
  return isPressable && !event.ctrlKey && !event.metaKey && (key === ' ' || key === 'Enter')
}

/** This will run the shortcuts of the moment while `isActive`, except where the user types. */
export function listenToKeys(shortcuts: () => readonly Shortcut[], isActive: () => boolean): void {
  const find = (event: KeyboardEvent): Shortcut | undefined => {
    const ctrl = event.ctrlKey || event.metaKey
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    return shortcuts().find(
      (shortcut) =>
        shortcut.keys.includes(key) &&
        (shortcut.ctrl ?? false) === ctrl &&
        (shortcut.shift === undefined || shortcut.shift === event.shiftKey),
    )
  }
  let held: { key: string; shortcut: Shortcut } | null = null
  const letGo = (): void => {
    held?.shortcut.release?.()
    held = null
  }
  document.addEventListener('keydown', (event) => {
    if (!isActive() || event.altKey || event.defaultPrevented) return
    const shortcut = find(event)
    if (!shortcut || belongsToControl(event)) return
    if (isTyping(event.target) && !(shortcut.ctrl && event.key === 'Enter')) return
    event.preventDefault()
    if (shortcut.once && event.repeat) return
    if (shortcut.release) {
      if (held) return
      held = { key: event.key, shortcut }
    }
    shortcut.run()
  })
  document.addEventListener('keyup', (event) => {
    if (held && held.key === event.key) letGo()
  })
  window.addEventListener('blur', letGo)
}

// Keys that a person has chosen instead of the usual ones. Pure.

import type { Shortcut } from './keys'

/** By the name of a shortcut, the one key that it has instead. */
export type OwnKeys = Readonly<Record<string, string>>

const WRITTEN: Readonly<Record<string, string>> = {
  ' ': 'Space',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
}

/** A key as people read it. */
export function written(key: string): string {
  return WRITTEN[key] ?? (key.length === 1 ? key.toUpperCase() : key)
}

/** What can have another key, in words: its name without the hyphens. */
export function inWords(name: string): string {
  return name.replaceAll('-', ' ')
}

/**
 * This will give shortcuts their own keys: a letter or sign is replaced, keys with a name (arrows,
 * Page, Enter) stay beside it. What the legend shows follows. Own keys that would stand for two
 * things are passed over.
 */
export function withOwnKeys(usual: readonly Shortcut[], own: OwnKeys): readonly Shortcut[] {
  let taken: OwnKeys = {}
  for (const [name, key] of Object.entries(own)) {
    if (!usual.some((shortcut) => shortcut.name === name)) continue
    if (conflict(usual, { ...own, ...taken }, name, key) === null) taken = { ...taken, [name]: key }
  }
  const keyed = usual.map((shortcut) => ({ ...shortcut, keys: keysOf(shortcut, taken) }))
  return keyed.map((shortcut, at) => {
    const group = legendGroup(keyed, at)
    const isOwn = group.some(({ name }) => name && taken[name])
    return isOwn && shortcut.shown ? { ...shortcut, shown: shownKeys(group) } : shortcut
  })
}

/** What already has a key that a shortcut is to get, in words; null when nothing has. */
export function conflict(
  usual: readonly Shortcut[],
  own: OwnKeys,
  name: string,
  key: string,
): string | null {
  const other = usual.find(
    (shortcut) => shortcut.name !== name && !shortcut.ctrl && keysOf(shortcut, own).includes(key),
  )
  if (!other) return null
  return other.name ? inWords(other.name) : other.does || 'something else'
}

/** The names of what can have another key, in the order of the legend, with the key it has. */
export function choosable(shortcuts: readonly Shortcut[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const { name, keys, ctrl } of shortcuts) {
    if (!name || ctrl) continue
    const key = keys.filter((one) => one.length === 1).map(written)
    if (!names.has(name)) names.set(name, key.join(', '))
  }
  return names
}

/** Whether a shortcut has a twin with Shift, so that its key must be a letter. */
export function needsLetter(shortcuts: readonly Shortcut[], name: string): boolean {
  return shortcuts.some((shortcut) => shortcut.name === name && shortcut.shift !== undefined)
}

/** This will write the keys that buttons stand for into their titles, after the words. */
export function titleButtons(root: HTMLElement, shortcuts: readonly Shortcut[]): void {
  for (const button of root.querySelectorAll<HTMLElement>('[data-command]')) {
    const own = shortcuts.find((shortcut) => shortcut.name === button.dataset.command)
    const keys = own?.keys.map(written).join(', ')
    const words = button.title.replace(/ \([^()]*\)$/, '')
    button.title = keys ? `${words} (${keys})` : words
  }
}

function keysOf({ name, keys, ctrl }: Shortcut, own: OwnKeys): readonly string[] {
  const key = name && !ctrl ? own[name] : undefined
  return key ? [...keys.filter((one) => one.length > 1), key] : keys
}

/** The shortcuts that share the legend's line of one: those after it that show none. */
function legendGroup(shortcuts: readonly Shortcut[], at: number): readonly Shortcut[] {
  const after = shortcuts.slice(at + 1)
  const end = after.findIndex(({ shown }) => shown)
  return shortcuts.slice(at, end < 0 ? undefined : at + 1 + end)
}

function shownKeys(group: readonly Shortcut[]): string {
  return group
    .flatMap(({ keys, ctrl, shift }) =>
      keys.map((key) => `${ctrl ? 'Ctrl + ' : ''}${shift ? 'Shift + ' : ''}${written(key)}`),
    )
    .join(', ')
}

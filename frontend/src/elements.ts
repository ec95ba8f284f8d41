// Building elements without templates.

type Attributes = Readonly<Record<string, string | number | boolean | EventListener>>

/**
 * This will make an element. Attributes that are functions listen to the event of that name
 * (`click: ...`), `true` sets a bare attribute, `false` leaves it out.
 */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false) element.setAttribute(name, String(value))
  }
  element.append(...children)
  return element
}

/** This will set an element's text only when it differs, so that nothing is announced twice. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** This will write a number with its noun: "1 lesion", "3 lesions". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** This will let a button rest until what it began is done; then it has the focus again. */
export async function whileResting<T>(button: HTMLButtonElement, act: Promise<T>): Promise<T> {
  const hadFocus = document.activeElement === button
  button.disabled = true
  try {
    return await act
  } finally {
    button.disabled = false
    if (hadFocus && document.activeElement === document.body) button.focus()
  }
}

/** A random identifier (UUID version 4); `crypto.randomUUID` exists on https pages only. */
export function newUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-')
}

// Where the keyboard stands while a part of the page is exchanged under it.

/**
 * This will exchange what lies in `root` without losing the keyboard: the focus goes to the element
 * with the same `data-key`, else to `fallback`, else to the page's content. Where the focus was
 * elsewhere, it stays there.
 */
export function keepFocus(root: Element, exchange: () => void, fallback?: HTMLElement): void {
  const before = document.activeElement
  const key = root.contains(before) ? keyOf(before) : undefined
  exchange()
  if (before === document.activeElement || key === undefined) return
  const same = key ? root.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) : null
  const places = [same, fallback, document.getElementById('content')]
  places.find((place) => place?.isConnected)?.focus({ preventScroll: true })
}

function keyOf(element: Element | null): string {
  return (element instanceof HTMLElement && element.dataset.key) || ''
}

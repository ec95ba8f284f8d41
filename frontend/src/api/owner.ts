// Whose page this is, and whether somebody else has logged in at this browser since.

const COOKIE = /(?:^|; )plaque_owner=([^;]+)/
const CHANNEL = 'plaque-owner'

/** The key of the person whom the server made this page for; empty when nobody was logged in. */
export function pageOwner(): string {
  return document.documentElement.dataset.owner ?? ''
}

/** This will return whether the browser's login now belongs to another person than the page. */
export function isSomebodyElse(): boolean {
  const now = COOKIE.exec(document.cookie)?.[1] ?? ''
  const then = pageOwner()
  return now !== '' && then !== '' && now !== then
}

/** This will tell the other tabs of this browser who is logged in. */
export function announceOwner(): void {
  const owner = pageOwner()
  if (!owner || !('BroadcastChannel' in window)) return
  const channel = new BroadcastChannel(CHANNEL)
  channel.postMessage(owner)
  channel.close()
}

/** This will call `onSomebodyElse` when another person has logged in, as soon as a tab shows it. */
export function watchOwner(onSomebodyElse: () => void): void {
  const look = (): void => {
    if (isSomebodyElse()) onSomebodyElse()
  }
  window.addEventListener('focus', look)
  window.addEventListener('pageshow', look)
  document.addEventListener('visibilitychange', look)
  if (!('BroadcastChannel' in window)) return
  new BroadcastChannel(CHANNEL).addEventListener('message', (event: MessageEvent<string>) => {
    if (event.data !== pageOwner()) onSomebodyElse()
  })
}

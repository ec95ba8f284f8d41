// When to ask the server again during the pause between the two blocks.

const SHORTEST_WAIT_MS = 1000
const WAIT_BEHIND_MS = 60_000
const LONGEST_WAIT_MS = 15 * 60_000

/**
 * The milliseconds until the server is asked again whether the pause is over. The server's clock
 * decides: when this computer's says that the pause is over already, it runs ahead, and the server
 * is asked once a minute and no more.
 */
export function askAgainIn(availableAt: string, nowMs: number): number {
  const left = Date.parse(availableAt) - nowMs + 1000
  if (!(left > 0)) return WAIT_BEHIND_MS
  return Math.max(SHORTEST_WAIT_MS, Math.min(left, LONGEST_WAIT_MS))
}

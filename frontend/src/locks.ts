// The browser's locks: what one tab holds, no other tab of this browser has.

const nothing = (): void => {}

/**
 * This will hold a lock as soon as `options` allow it and return how to let it go; null when it
 * cannot be had. `onStolen` is called when another tab takes it by force. Browsers have locks on
 * https pages and on this machine; elsewhere everybody gets what they ask for.
 */
export function hold(
  name: string,
  options: LockOptions,
  onStolen: () => void = nothing,
  locks: LockManager | undefined = navigator.locks,
): Promise<(() => void) | null> {
  if (!locks) return Promise.resolve(nothing)
  return new Promise((resolve) => {
    let isHolder = false
    const untilLetGo = (lock: Lock | null): Promise<void> => {
      isHolder = lock !== null
      if (!isHolder) resolve(null)
      return isHolder ? new Promise((letGo) => resolve(() => letGo())) : Promise.resolve()
    }
    locks.request(name, options, untilLetGo).catch(() => {
      if (isHolder) onStolen()
      else resolve(null)
    })
  })
}

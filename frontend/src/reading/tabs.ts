// One reading is open in one tab: the tab that holds the browser's lock on it. Another may take over.

/** How long a tab waits for the lock: a page that is being reloaded has yet to let go of it. */
const WAIT_MS = 400

export class ReadingTabs {
  private readonly name: string

  constructor(
    reading: string,
    private readonly onTakenOver: () => void,
    // Browsers have locks on https pages and on this machine; elsewhere only the server sees to it
    // that two tabs do not show two presentations.
    private readonly locks: LockManager | undefined = navigator.locks,
  ) {
    this.name = `plaque-reading-${reading}`
  }

  /** This will hold the reading for this tab; false when another tab of this browser has it. */
  async hold(): Promise<boolean> {
    return this.ask({ signal: AbortSignal.timeout(WAIT_MS) })
  }

  /** This will hold the reading for this tab, whoever has it. */
  async takeOver(): Promise<void> {
    await this.ask({ steal: true })
  }

  private ask(options: LockOptions): Promise<boolean> {
    const { locks } = this
    if (!locks) return Promise.resolve(true)
    return new Promise((resolve) => {
      let isHolder = false
      const untilTheEnd = (): Promise<never> => {
        isHolder = true
        resolve(true)
        return new Promise(() => {})
      }
      locks.request(this.name, options, untilTheEnd).catch(() => {
        if (isHolder) this.onTakenOver()
        else resolve(false)
      })
    })
  }
}

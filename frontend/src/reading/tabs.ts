// One reading is open in one tab: the tab that holds the browser's lock on it. Another may take over.
// Without locks only the server sees to it that two tabs do not show two presentations.

import { hold } from '../locks'

/** How often a tab asks for the lock: a page that is being reloaded has yet to let go of it. */
const ATTEMPTS = 9
const BETWEEN_MS = 50

export class ReadingTabs {
  private readonly name: string

  constructor(
    reading: string,
    private readonly onTakenOver: () => void,
  ) {
    this.name = `plaque-reading-${reading}`
  }

  /** This will hold the reading for this tab; false when another tab of this browser has it. */
  async hold(): Promise<boolean> {
    for (let attempt = 1; attempt < ATTEMPTS; attempt += 1) {
      if (await this.ask({ ifAvailable: true })) return true
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS))
    }
    return this.ask({ ifAvailable: true })
  }

  /** This will hold the reading for this tab, whoever has it. */
  async takeOver(): Promise<void> {
    await this.ask({ steal: true })
  }

  private async ask(options: LockOptions): Promise<boolean> {
    return (await hold(this.name, options, this.onTakenOver)) !== null
  }
}

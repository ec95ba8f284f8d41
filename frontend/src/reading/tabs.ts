// One reading is open in one tab: the tab that holds the browser's lock on it. Another may take over.
// Without locks only the server sees to it that two tabs do not show two presentations.

import { hold } from '../locks'

/** How long a tab waits for the lock: a page that is being reloaded has yet to let go of it. */
const WAIT_MS = 400

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
    const letGo = await hold(this.name, { signal: AbortSignal.timeout(WAIT_MS) }, this.onTakenOver)
    return letGo !== null
  }

  /** This will hold the reading for this tab, whoever has it. */
  async takeOver(): Promise<void> {
    await hold(this.name, { steal: true }, this.onTakenOver)
  }
}

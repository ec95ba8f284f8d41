// A list that is read page by page, and again every few seconds while anything in it moves.

import { make } from './elements'
import { keepFocus } from './focus'
import { pager } from './pager'
import { showTrouble } from './trouble'

const PAGE_SIZE = 50
const POLL_MS = 2000
const POLL_AT_REST_MS = 15_000

interface Answer<Row> {
  readonly count: number
  readonly results: readonly Row[]
}

export interface ListSettings<Row> {
  readonly ask: (page: { page: number; page_size: number }) => Promise<Answer<Row>>
  readonly isMoving: (row: Row) => boolean
  readonly table: (rows: readonly Row[]) => HTMLElement
  readonly nothing: () => HTMLElement
}

export class WatchedList<Row> {
  readonly elements: readonly HTMLElement[]
  private page = 1
  private shown = ''
  private asking = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly trouble = make('p', { class: 'trouble', role: 'alert' })
  private readonly list = make('div')

  constructor(private readonly settings: ListSettings<Row>) {
    this.elements = [this.trouble, this.list]
    void this.load()
  }

  /** This will begin anew at the first page, when something else is asked for. */
  restart(): void {
    this.page = 1
    this.shown = ''
    void this.load()
  }

  /** This will change something on the server and look again; a failure is said above the list. */
  async act(change: () => Promise<unknown>): Promise<void> {
    try {
      await change()
      await this.load()
    } catch (error) {
      showTrouble(this.trouble, error)
    }
  }

  private async load(): Promise<void> {
    clearTimeout(this.timer)
    this.asking += 1
    const mine = this.asking
    let wait = POLL_AT_REST_MS
    try {
      const answer = await this.settings.ask({ page: this.page, page_size: PAGE_SIZE })
      if (mine !== this.asking) return // something else was asked for meanwhile
      this.trouble.replaceChildren()
      this.show(answer)
      if (answer.results.some(this.settings.isMoving)) wait = POLL_MS
    } catch (error) {
      showTrouble(this.trouble, error)
    }
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.load(), wait)
  }

  private show({ count, results }: Answer<Row>): void {
    const text = JSON.stringify([count, results, this.page])
    if (text === this.shown) return
    this.shown = text
    const parts =
      count === 0 ? [this.settings.nothing()] : [this.settings.table(results), ...this.pager(count)]
    keepFocus(this.list, () => this.list.replaceChildren(...parts))
  }

  private pager(count: number): HTMLElement[] {
    return pager({ page: this.page, size: PAGE_SIZE, count }, (page) => {
      this.page = page
      void this.load()
    })
  }
}

// The strokes of the pointer, pressed, followed and lifted: one edit each. What is drawn meanwhile
// is kept in the browser, in case that the page does not live on.

import type { OutboxStore } from '../saving/outboxStore'
import type { LoadedScan } from '../viewer/load'
import type { DrawnPlace } from '../viewer/viewer'
import { voxelsOf } from '../voxels/runs'
import type { DrawingLayer } from './drawingLayer'
import type { Drawn } from './drawn'
import type { Settings } from './palette'
import { Stroke } from './stroke'
import type { Page } from './task'

/** How often a stroke is kept in the browser while it is drawn. */
const KEEP_STROKE_MS = 200

export class Strokes {
  private stroke: Stroke | null = null
  /** The stroke that was kept last. */
  private kept: Stroke | null = null
  private keepTimer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly scan: Pick<LoadedScan, 'grid' | 'values'>,
    private readonly drawn: Drawn,
    private readonly layer: Pick<DrawingLayer, 'paintStroke'>,
    private readonly settings: Settings,
    private readonly store: OutboxStore,
    private readonly page: Page,
    private readonly say: (text: string) => void,
    /** Ends when every edit so far is kept in the browser. */
    private readonly editsKept: () => Promise<void>,
  ) {}

  get isDrawing(): boolean {
    return this.stroke !== null
  }

  /** This will begin a stroke and say whether the tool draws any. */
  press(place: DrawnPlace, isShifted: boolean): boolean {
    const { tool } = this.settings
    if (tool === 'choose' || tool === 'grow' || tool === 'merge') return false
    const takesAway = tool === 'erase' || tool === 'cut'
    const isErasing = tool === 'cut' || takesAway !== isShifted
    const world = { grid: this.scan.grid, map: this.drawn.map, values: this.scan.values }
    this.stroke = new Stroke(world, this.settings, place, isErasing)
    this.follow([place])
    return true
  }

  follow(places: readonly DrawnPlace[]): void {
    const { stroke } = this
    if (!stroke) return
    const fresh = stroke.follow(places)
    this.layer.paintStroke(fresh, stroke.isErasing)
    if (fresh.length > 0) this.keepTimer ??= setTimeout(() => this.keep(), KEEP_STROKE_MS)
  }

  lift(): void {
    const { stroke } = this
    if (!stroke) return
    this.stroke = null
    const voxels = stroke.finish()
    const { tool } = this.settings
    const name = tool === 'brush' && stroke.isErasing ? 'erase' : tool
    const isDone = stroke.isErasing
      ? this.drawn.change(name, [], voxels)
      : this.drawn.change(name, voxels)
    void this.forget()
    if (tool === 'cut') this.say(isDone ? '' : 'Draw the line across a lesion.')
  }

  /** This will end a stroke that an earlier page did not come to the end of. */
  async finishKept(): Promise<void> {
    const { owner, key } = this.page
    const kept = await this.store.stroke(owner, key)
    if (!kept) return
    this.drawn.change(kept.tool, voxelsOf(kept.added), voxelsOf(kept.removed))
    await this.forget()
  }

  /** This will keep the stroke no longer, once the edit that it became is kept; the next stroke may
   * be kept in its place by then, and stays. */
  private async forget(): Promise<void> {
    const { kept } = this
    await this.editsKept()
    if (this.kept === kept) await this.store.keepStroke(this.page.owner, this.page.key, null)
  }

  private keep(): void {
    this.keepTimer = undefined
    if (!this.stroke) return
    this.kept = this.stroke
    void this.store.keepStroke(this.page.owner, this.page.key, this.stroke.kept)
  }
}

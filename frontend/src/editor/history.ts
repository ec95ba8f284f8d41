// What was drawn, edit by edit: unlimited undo and redo, told to the server like any other edit.

import type { EditKind } from '../api/types'

/** Runs of voxels added and removed, and voxels whose lesions were accepted or no longer are. */
export interface Change {
  readonly tool: string
  readonly added: readonly number[]
  readonly removed: readonly number[]
  readonly accepted: readonly number[]
}

export interface Edit extends Change {
  readonly id: string
  readonly number: number
  readonly kind: EditKind
}

const NOTHING = { tool: '', added: [], removed: [], accepted: [] }

export class History {
  private done: Change[] = []
  private undone: Change[] = []
  private length = 0

  constructor(
    edits: readonly Edit[],
    private readonly newId: () => string,
  ) {
    for (const edit of edits) this.follow(edit)
  }

  /** The changes that stand, in their order. */
  get standing(): readonly Change[] {
    return this.done
  }

  /** How many edits there are, undo and redo included. */
  get edits(): number {
    return this.length
  }

  get canUndo(): boolean {
    return this.done.length > 0
  }

  get canRedo(): boolean {
    return this.undone.length > 0
  }

  take(change: Change): Edit {
    return this.follow({ ...change, ...this.next('change') })
  }

  /** This will take the last standing change back: the edit, and the change to be reversed. */
  undo(): { edit: Edit; change: Change } | null {
    const change = this.done.at(-1)
    return change ? { edit: this.follow({ ...NOTHING, ...this.next('undo') }), change } : null
  }

  redo(): { edit: Edit; change: Change } | null {
    const change = this.undone.at(-1)
    return change ? { edit: this.follow({ ...NOTHING, ...this.next('redo') }), change } : null
  }

  private next(kind: EditKind): { id: string; number: number; kind: EditKind } {
    return { id: this.newId(), number: this.length + 1, kind }
  }

  private follow(edit: Edit): Edit {
    this.length = edit.number
    if (edit.kind === 'change') {
      this.done.push(edit)
      this.undone = []
    } else {
      const [from, to] = edit.kind === 'undo' ? [this.done, this.undone] : [this.undone, this.done]
      const change = from.pop()
      if (change) to.push(change)
    }
    return edit
  }
}

// One reading is open in one tab. A second tab asks the others and may take over.

type Message = { readonly kind: 'asks' | 'is_here' | 'takes_over'; readonly from: string }

export class ReadingTabs {
  private readonly channel: BroadcastChannel | null
  private answer: (() => void) | null = null
  private isHolder = false

  constructor(
    reading: string,
    private readonly id: string,
    private readonly onTakenOver: () => void,
  ) {
    this.channel = 'BroadcastChannel' in window ? new BroadcastChannel(`plaque-${reading}`) : null
    this.channel?.addEventListener('message', (event: MessageEvent<Message>) => {
      this.hear(event.data)
    })
  }

  /** This will return whether the reading is open in another tab of this browser. */
  async isOpenElsewhere(): Promise<boolean> {
    if (!this.channel) return false
    const answered = new Promise<boolean>((resolve) => {
      this.answer = () => resolve(true)
      setTimeout(() => resolve(false), 250)
    })
    this.say('asks')
    const elsewhere = await answered
    this.answer = null
    if (!elsewhere) this.isHolder = true
    return elsewhere
  }

  takeOver(): void {
    this.say('takes_over')
    this.isHolder = true
  }

  private say(kind: Message['kind']): void {
    this.channel?.postMessage({ kind, from: this.id } satisfies Message)
  }

  private hear(message: Message): void {
    if (message.from === this.id) return
    if (message.kind === 'asks' && this.isHolder) this.say('is_here')
    else if (message.kind === 'is_here') this.answer?.()
    else if (message.kind === 'takes_over' && this.isHolder) {
      this.isHolder = false
      this.onTakenOver()
    }
  }
}

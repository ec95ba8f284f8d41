// What can go wrong between the browser and the server, as states a page can act on.

/** The server answered and refused; `message` says what happened and what to do. */
export class Refused extends Error {
  override name = 'Refused'

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: Readonly<Record<string, readonly string[]>> = {},
  ) {
    super(message)
  }

  /** Whether the login has ended. */
  get isSignedOut(): boolean {
    return this.status === 401
  }

  /** Whether the page is of another person than the one who is logged in now. */
  get isSomebodyElse(): boolean {
    return this.code === 'SomebodyElse'
  }

  /** Whether the page was opened before the last log-in: another tab may have renewed it since. */
  get isOutdated(): boolean {
    return this.code === 'PageOutdated'
  }

  /** Whether the same request can succeed later without a change. */
  get isPassing(): boolean {
    const isPassing = this.status >= 500 || this.status === 408 || this.status === 429
    return isPassing || this.code === 'CutOff' // on the way here
  }
}

/** The server did not answer: no network, or it is down. */
export class Unreachable extends Error {
  override name = 'Unreachable'

  constructor() {
    super('The server does not answer. Check the connection and try again.')
  }
}

/** This will return a sentence for the user about any error. */
export function explanation(error: unknown): string {
  if (error instanceof Refused || error instanceof Unreachable) return error.message
  if (error instanceof Error && error.message) return error.message
  return 'Something unforeseen went wrong. Reload the page and try again.'
}

import type { ServerResponse } from 'node:http'
import { AppError } from '../errors.js'

/** What was cancelled has this long to end with an answer of its own (ms). */
const GRACE = 1_000

/** Notices that a request takes too long, or that nobody waits for its answer any more. */
export class RequestDeadline {
  readonly #response: ServerResponse
  readonly #onEnd: (reason: AppError) => void
  readonly #onClose = (): void => {
    if (!this.#response.writableFinished) this.#end(clientGone())
  }
  #timer: NodeJS.Timeout | undefined
  #reason: AppError | undefined

  /**
   * @param timeout - milliseconds; 0 means no limit
   * @param onEnd - called once, when whatever runs for the request has to be cancelled
   */
  constructor(response: ServerResponse, timeout: number, onEnd: (reason: AppError) => void) {
    this.#response = response
    this.#onEnd = onEnd
    response.once('close', this.#onClose)
    if (timeout > 0) this.#timer = setTimeout(() => this.#end(tooLong(timeout)), timeout)
  }

  /** Why the request has to end; undefined while it may go on. */
  get reason(): AppError | undefined {
    return this.#reason
  }

  /** The work's outcome. Rejects with TIMEOUT when the work does not end although it was cancelled. */
  async bound<Result>(work: Promise<Result>): Promise<Result> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      this.#onLate = () => {
        timer = setTimeout(() => reject(this.#reason), GRACE)
      }
    })
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
      clearTimeout(this.#timer)
      this.#response.off('close', this.#onClose)
    }
  }

  #onLate = (): void => {}

  #end(reason: AppError): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#onEnd(reason)
    this.#onLate()
  }
}

function tooLong(allowed: number): AppError {
  return new AppError(
    'TIMEOUT',
    `The request took longer than ${allowed} ms and was stopped. Ask for less at once.`,
    {
      limit: 'requestMilliseconds',
      allowed,
    },
  )
}

function clientGone(): AppError {
  return new AppError('CLIENT_CLOSED_REQUEST', 'The client did not wait for the answer.')
}

import type { ServerResponse } from 'node:http'
import type { FormattedExecutionResult } from 'graphql'

/** Milliseconds between two comments that keep proxies from closing a silent connection. */
const HEARTBEAT = 12_000
/** Milliseconds a client has to take the last words, before it is cut. */
const CLOSE_TIMEOUT = 5_000

/**
 * The answer of one subscription as server-sent events, "distinct connections mode" of
 * https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md. (graphql-sse's own handler queues events without
 * bound for a client that does not read, so the server's side is written here.)
 */
export class EventStream {
  readonly #response: ServerResponse
  readonly #stallLimit: number
  readonly #heartbeat: NodeJS.Timeout
  #isWriting = false

  /** @param stallLimit - milliseconds an event may wait until the client reads on */
  constructor(response: ServerResponse, headers: Readonly<Record<string, string>>, stallLimit: number) {
    this.#response = response
    this.#stallLimit = stallLimit
    response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
    this.#heartbeat = setInterval(() => {
      if (!this.#isWriting) void this.#write(':\n\n')
    }, HEARTBEAT)
    this.#heartbeat.unref()
    response.once('close', () => clearInterval(this.#heartbeat))
    // Some browsers wait for the first bytes before they call the connection open.
    void this.#write(':\n\n')
  }

  /** Sends a result once the one before was taken; false when the client is gone. */
  next(result: FormattedExecutionResult): Promise<boolean> {
    return this.#write(`event: next\ndata: ${JSON.stringify(result)}\n\n`)
  }

  /** The subscription is over; the client does not try again. */
  complete(): void {
    this.#end('event: complete\ndata:\n\n')
  }

  /** The connection is over, the subscription is not: the client tries again. */
  interrupt(): void {
    this.#end()
  }

  #end(lastWords?: string): void {
    if (this.#response.writableEnded) return
    clearInterval(this.#heartbeat)
    this.#response.end(lastWords)
    const cut = setTimeout(() => this.#response.destroy(), CLOSE_TIMEOUT)
    this.#response.once('close', () => clearTimeout(cut))
  }

  #write(text: string): Promise<boolean> {
    const response = this.#response
    if (!response.writable || response.writableEnded) return Promise.resolve(false)
    this.#isWriting = true
    return new Promise((resolve) => {
      // A response that is cut does not call back what was still to be written.
      const finish = (isTaken: boolean): void => {
        clearTimeout(stalled)
        response.off('close', gone)
        this.#isWriting = false
        resolve(isTaken)
      }
      const gone = (): void => finish(false)
      const stalled = setTimeout(() => response.destroy(), this.#stallLimit)
      response.once('close', gone)
      response.write(text, (error) => finish(error === null || error === undefined))
    })
  }
}

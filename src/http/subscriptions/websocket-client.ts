import type { WebSocket } from 'graphql-ws'
import type { WebSocket as Socket } from 'ws'
import { TOO_SLOW, type CloseReason } from './close-code.js'

/** Bytes that may wait to be sent when a client has yet another wish. */
const MOST_UNSENT = 1_048_576
/** Milliseconds between two pings. */
const PING_INTERVAL = 15_000

/**
 * One client's socket as graphql-ws wants it. A message is only sent when the one before has left, so a client that
 * does not read stops its own subscriptions, and is dropped when that lasts. The same goes for one that keeps asking
 * and never reads the answers, and for one that does not answer pings.
 */
export class WebSocketClient implements WebSocket {
  readonly #socket: Socket
  readonly #stallLimit: number
  readonly #onEnd: (reason: CloseReason) => void
  readonly #onError: (error: unknown) => void
  readonly #pinging: NodeJS.Timeout
  #isAlive = true

  /**
   * @param stallLimit - milliseconds a message may wait until the client reads on
   * @param on - told of failures of ours, and when we end the connection, which the client may take long to notice
   */
  constructor(
    socket: Socket,
    stallLimit: number,
    on: { readonly error: (error: unknown) => void; readonly end: (reason: CloseReason) => void },
  ) {
    this.#socket = socket
    this.#stallLimit = stallLimit
    this.#onError = on.error
    this.#onEnd = on.end
    this.#pinging = setInterval(() => this.#ping(), PING_INTERVAL)
    this.#pinging.unref()
    socket.on('pong', () => (this.#isAlive = true))
    socket.on('error', () => {}) // It is closed next, which is all there is to do.
    socket.once('close', () => clearInterval(this.#pinging))
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN
  }

  async send(data: string): Promise<void> {
    if (!this.isOpen) return
    const stalled = setTimeout(() => this.end(TOO_SLOW), this.#stallLimit)
    try {
      await new Promise<void>((resolve) => this.#socket.send(data, () => resolve()))
    } finally {
      clearTimeout(stalled)
    }
  }

  close(code = 1000, reason = ''): void {
    this.end({ code, reason })
  }

  end(reason: CloseReason): void {
    this.#socket.close(reason.code, reason.reason)
    this.#onEnd(reason)
  }

  onMessage(handle: (data: string) => Promise<void>): void {
    this.#socket.on('message', (data) => {
      if (this.#socket.bufferedAmount > MOST_UNSENT) return this.end(TOO_SLOW)
      handle(String(data)).catch((error: unknown) => {
        this.#onError(error)
        this.close(4500, 'Internal server error')
      })
    })
  }

  #ping(): void {
    if (!this.#isAlive) return this.end(TOO_SLOW)
    this.#isAlive = false
    this.#socket.ping()
  }
}

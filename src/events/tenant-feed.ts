import { before, type EventPosition } from './event-position.js'
import type { EventSource } from './event-source.js'
import type { OutboxEvent } from './outbox.js'

/** Where a feed's events go. It must not wait: the others would wait with it. */
export interface FeedListener {
  push(events: readonly OutboxEvent[]): void
}

/** Pauses between looks at events that wait for an older transaction to end (ms); each is twice the one before. */
const FIRST_PAUSE = 10
const LAST_PAUSE = 1_000

/**
 * The one reader of an organization's outbox in this gateway, shared by all its subscribers. It reads when it is
 * woken, each page once, and hands it to whoever is listening.
 */
export class TenantFeed {
  readonly source: EventSource
  readonly #onError: (error: unknown) => void
  readonly #listeners = new Set<FeedListener>()
  #position: EventPosition | undefined
  #starting: Promise<void> | undefined
  #isReading = false
  #isWoken = false
  #isClosed = false
  #pause = FIRST_PAUSE
  #timer: NodeJS.Timeout | undefined

  constructor(source: EventSource, onError: (error: unknown) => void) {
    this.source = source
    this.#onError = onError
  }

  /** Finds out where the future begins. Must have ended before anybody joins, or what commits meanwhile is lost. */
  start(): Promise<void> {
    this.#starting ??= this.source.snapshot().then(
      ({ xmin }) => {
        this.#position = before(xmin)
      },
      (error: unknown) => {
        this.#starting = undefined
        throw error
      },
    )
    return this.#starting
  }

  join(listener: FeedListener): void {
    if (this.#position === undefined) throw new Error('the feed was not started')
    this.#listeners.add(listener)
  }

  leave(listener: FeedListener): void {
    this.#listeners.delete(listener)
  }

  /** There may be news. Any number of calls while it reads make it look once more. */
  wake(): void {
    if (this.#isClosed || this.#position === undefined) return
    this.#isWoken = true
    if (!this.#isReading) void this.#readAll()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#listeners.clear()
  }

  async #readAll(): Promise<void> {
    this.#isReading = true
    clearTimeout(this.#timer)
    let isHeldBack = false
    try {
      while (this.#isWoken && !this.#isClosed) {
        this.#isWoken = false
        isHeldBack = await this.#readPage()
      }
    } catch (error) {
      this.#onError(error)
      isHeldBack = true
    } finally {
      this.#isReading = false
    }
    // The transaction it waits for may write no events of its own, so that nobody wakes us when it ends.
    if (isHeldBack) this.#wakeLater()
  }

  /** Returns whether there is something that cannot be read yet. */
  async #readPage(): Promise<boolean> {
    const { events, isFull, isHeldBack } = await this.source.page(this.#position as EventPosition)
    const last = events.at(-1)
    if (last !== undefined) {
      this.#position = last.position
      this.#pause = FIRST_PAUSE
      for (const listener of this.#listeners) listener.push(events)
    }
    if (isFull) this.#isWoken = true
    return isHeldBack
  }

  #wakeLater(): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => this.wake(), this.#pause)
    this.#timer.unref()
    this.#pause = Math.min(this.#pause * 2, LAST_PAUSE)
  }
}

import { AppError } from '../errors.js'
import { before, comparePositions, isOfEvent, type EventPosition } from './event-position.js'
import type { OutboxEvent } from './outbox.js'
import { isVisible, type Snapshot } from './snapshot.js'
import type { FeedListener, TenantFeed } from './tenant-feed.js'

/** Which events a subscriber wants. It is asked for every event of the organization, so it must be quick. */
export type Interest = (event: OutboxEvent) => boolean

/** Events that wait in memory for one subscriber; with more, they are read from the outbox again when it asks. */
const MOST_WAITING = 1_000
/** Events handed over at once. */
const BATCH_SIZE = 100

/**
 * One subscriber's events, in commit order, none left out. It is live while it keeps up: then events come from the
 * shared reader. Behind – after a resume, or when it was too slow – it reads the outbox by itself, at its own pace,
 * until it has caught up. Either way the memory it takes is bounded.
 */
export class EventSubscription implements FeedListener {
  readonly #feed: TenantFeed
  readonly #interest: Interest
  readonly #onClose: () => void
  /** Everything up to here was handed over or is of no interest. */
  #position: EventPosition
  /** Handed over first: the rest of the event that was being read when the connection broke. */
  #resumed: OutboxEvent | undefined
  /** What committed before is the past. */
  #start: Snapshot | undefined
  /** There while live. */
  #waiting: OutboxEvent[] | undefined
  #isCatchingUp = false
  #signal: (() => void) | undefined
  #isClosed = false

  private constructor(feed: TenantFeed, interest: Interest, onClose: () => void, position: EventPosition) {
    this.#feed = feed
    this.#interest = interest
    this.#onClose = onClose
    this.#position = position
  }

  /**
   * Begins with what commits from now on or, resuming, with what follows a position. Throws EVENTS_EXPIRED when that
   * position is not there any more, so that something after it may be missing too.
   */
  static async open(
    feed: TenantFeed,
    interest: Interest,
    after: EventPosition | undefined,
    onClose: () => void,
  ): Promise<EventSubscription> {
    if (after === undefined) {
      const start = await feed.source.snapshot()
      const fresh = new EventSubscription(feed, interest, onClose, before(start.xmin))
      fresh.#start = start
      return fresh
    }
    const event = await feed.source.find(after)
    if (event === undefined) throw expired()
    const resumed = new EventSubscription(feed, interest, onClose, event.position)
    if (after.within !== undefined) resumed.#resumed = event
    return resumed
  }

  /** The next events, at least one; waits for them. Undefined once it is closed. Not to be called while it waits. */
  async next(): Promise<readonly OutboxEvent[] | undefined> {
    const resumed = this.#resumed
    this.#resumed = undefined
    if (resumed !== undefined && this.#interest(resumed)) return [resumed]
    while (!this.#isClosed) {
      const events = this.#waiting === undefined ? await this.#catchUp() : this.#takeWaiting()
      if (events.length > 0) return events
      if (this.#waiting?.length === 0 && !this.#isClosed) {
        await new Promise<void>((resolve) => (this.#signal = resolve))
      }
    }
    return undefined
  }

  /** Called by the feed. */
  push(events: readonly OutboxEvent[]): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    for (const event of events) if (this.#wants(event)) waiting.push(event)
    if (waiting.length > MOST_WAITING) return this.#fallBehind()
    if (waiting.length > 0) return this.#wakeUp()
    // So that it never stands at an event that retention removes while nothing of interest happens. Not while it
    // catches up: what it is reading then comes before what is pushed.
    if (!this.#isCatchingUp) this.#moveTo(events.at(-1))
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#waiting = undefined
    this.#feed.leave(this)
    this.#wakeUp()
    this.#onClose()
  }

  #takeWaiting(): readonly OutboxEvent[] {
    const events = (this.#waiting as OutboxEvent[]).splice(0, BATCH_SIZE)
    this.#moveTo(events.at(-1))
    return events
  }

  /**
   * Reads a page of the outbox. It joins the feed first: what the feed has read by then is in this page, and what it
   * reads later comes from it. What comes twice is known by its position.
   */
  async #catchUp(): Promise<readonly OutboxEvent[]> {
    this.#waiting = []
    this.#isCatchingUp = true
    this.#feed.join(this)
    try {
      const { events, isFull, isHeldBack, isAnchored } = await this.#feed.source.page(this.#position)
      if (this.#isClosed) return []
      if (!isAnchored && isOfEvent(this.#position)) throw expired()
      const wanted = events.filter((event) => this.#wants(event))
      this.#moveTo(events.at(-1))
      if (isFull) this.#fallBehind()
      // Undefined by now when more was pushed than may wait.
      this.#waiting = this.#waiting?.filter((event) => this.#wants(event))
      if (isHeldBack) this.#feed.wake()
      return wanted
    } catch (error) {
      this.#fallBehind()
      throw error
    } finally {
      this.#isCatchingUp = false
    }
  }

  #moveTo(event: OutboxEvent | undefined): void {
    if (event !== undefined && comparePositions(this.#position, event.position) < 0) {
      this.#position = event.position
    }
  }

  #wants(event: OutboxEvent): boolean {
    if (comparePositions(event.position, this.#position) <= 0) return false
    if (this.#start !== undefined && isVisible(this.#start, event.position.transactionId)) return false
    return this.#interest(event)
  }

  #fallBehind(): void {
    this.#feed.leave(this)
    this.#waiting = undefined
    this.#wakeUp()
  }

  #wakeUp(): void {
    this.#signal?.()
    this.#signal = undefined
  }
}

function expired(): AppError {
  return new AppError(
    'EVENTS_EXPIRED',
    'The event that after names is not kept any more, or is not of this organization. Read the data again and subscribe without after.',
    { field: 'after' },
  )
}

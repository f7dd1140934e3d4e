import type pg from 'pg'
import { inReadSession, inWriteSession, type SessionOptions } from '../tenancy/session.js'
import { platformScope, tenantScope } from '../tenancy/session-scope.js'
import { removeExpiredEvents } from './outbox.js'
import { readWakeups, removeWakeups, type Woken } from './wakeups.js'

export interface WakeupWatchOptions {
  readonly pool: pg.Pool
  readonly session: SessionOptions
  /** Days for which events are kept. */
  readonly retentionDays: number
  /** Milliseconds between two looks at the wake-ups. */
  readonly pollInterval?: number | undefined
  /** Milliseconds between two removals of wake-ups that everybody has seen. */
  readonly sweepInterval?: number | undefined
}

const POLL_INTERVAL = 1_000
const SWEEP_INTERVAL = 60_000
/** Events and wake-ups removed by one statement. */
const SWEEP_SIZE = 10_000
/** Milliseconds between two clean-ups of one organization's outbox. */
const CLEAN_INTERVAL = 3_600_000

/**
 * Finds wake-ups whose notification was lost, and removes what is old.
 *
 * Nobody marks a wake-up as read, since every gateway has to see it. Each remembers the oldest transaction that was
 * running when it last looked and looks on from there. A wake-up is removed one sweep interval after its transaction
 * was seen to have ended: a gateway that has looked since then has seen it, and one that has not – because it was
 * cut off, or its machine slept – knows so by the clock and takes everything for news.
 */
export class WakeupWatch {
  readonly #options: WakeupWatchOptions
  readonly #pollInterval: number
  readonly #sweepInterval: number
  #seenBelow: bigint | undefined
  #lastLook = { wall: 0, steady: 0 }
  /** What had ended at the last sweep. */
  #endedBelow: bigint | undefined
  readonly #cleaned = new Map<string, number>()

  constructor(options: WakeupWatchOptions) {
    this.#options = options
    this.#pollInterval = options.pollInterval ?? POLL_INTERVAL
    this.#sweepInterval = options.sweepInterval ?? SWEEP_INTERVAL
  }

  get pollInterval(): number {
    return this.#pollInterval
  }

  get sweepInterval(): number {
    return this.#sweepInterval
  }

  /** Organizations with news since the last look, or `everything` after too long without one. */
  async look(): Promise<readonly string[] | 'everything'> {
    const { pool, session } = this.#options
    const now = { wall: Date.now(), steady: performance.now() }
    const { seenBelow, organizationIds } = await inReadSession(pool, platformScope, session, (reading) =>
      readWakeups(reading, this.#seenBelow),
    )
    const { wall, steady } = this.#lastLook
    // A steady clock may stand still while the machine sleeps, and a wall clock may be set back.
    const passed = Math.max(now.wall - wall, now.steady - steady)
    const isTooLate = this.#seenBelow === undefined || passed > this.#sweepInterval / 2
    this.#seenBelow = seenBelow
    this.#lastLook = now
    return isTooLate ? 'everything' : organizationIds
  }

  /** Removes wake-ups that every gateway has seen, and expired events of the organizations they were for. */
  async sweep(): Promise<void> {
    const { pool, session } = this.#options
    const below = this.#endedBelow
    const { seenBelow } = await inReadSession(pool, platformScope, session, (reading) =>
      readWakeups(reading, undefined),
    )
    this.#endedBelow = seenBelow
    if (below === undefined) return
    const woken = new Map<string, Woken>()
    for (let removed = SWEEP_SIZE; removed === SWEEP_SIZE;) {
      const swept = await inWriteSession(pool, platformScope, session, (writing) =>
        removeWakeups(writing, below, SWEEP_SIZE),
      )
      removed = swept.removed
      for (const one of swept.woken) woken.set(one.organizationId, one)
    }
    // Only where something was written is there something to remove: no other schema is touched.
    for (const one of woken.values()) await this.#clean(one)
  }

  async #clean({ tenant, organizationId }: Woken): Promise<void> {
    const { pool, session, retentionDays } = this.#options
    const now = performance.now()
    const last = this.#cleaned.get(organizationId)
    if (last !== undefined && now - last < CLEAN_INTERVAL) return
    for (const [id, moment] of this.#cleaned) if (now - moment >= CLEAN_INTERVAL) this.#cleaned.delete(id)
    this.#cleaned.set(organizationId, now)
    const scope = tenantScope(tenant, organizationId)
    for (let removed = SWEEP_SIZE; removed === SWEEP_SIZE;) {
      removed = await inWriteSession(pool, scope, session, (writing) =>
        removeExpiredEvents(writing, retentionDays, SWEEP_SIZE),
      )
    }
  }
}

import type pg from 'pg'
import type { Queryable } from '../../database/advisory-lock.js'
import type { MigrationCatalogue } from '../../fleet/migration-files.js'
import { fillSpares } from './spare-pool.js'

export interface SpareFillerOptions {
  /** Spares to have of each set of modules. */
  readonly count: number
  readonly onError: (error: unknown) => void
}

/** How long until the next look when nothing is missing (ms). */
const IDLE = 30_000
/** How long after word of a change (ms): several tenants made at once are one reason to look. */
const NUDGED = 200
/** How long after a failure, or while the database is busy (ms); twice as long after each further one. */
const FIRST_BACKOFF = 1_000
const LAST_BACKOFF = 300_000
/** Sessions that work or wait in this database, from which on it is left alone. */
const BUSY_SESSIONS = 8

/** Keeps the spare pool full in the background, at a pace at which nobody notices. */
export class SpareFiller {
  readonly #admin: pg.Pool
  readonly #migrations: MigrationCatalogue
  readonly #options: SpareFillerOptions
  #timer: NodeJS.Timeout | undefined
  #filling: Promise<void> | undefined
  #setbacks = 0
  #isStopped = false

  constructor(admin: pg.Pool, migrations: MigrationCatalogue, options: SpareFillerOptions) {
    this.#admin = admin
    this.#migrations = migrations
    this.#options = options
  }

  start(): void {
    this.#schedule(0)
  }

  /** A spare may have been used. After a setback it changes nothing: the pause is there for a reason. */
  nudge(): void {
    if (this.#filling === undefined && this.#setbacks === 0) this.#schedule(NUDGED)
  }

  /** Ends after the spare that is being made. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#filling
  }

  #schedule(wait: number): void {
    clearTimeout(this.#timer)
    if (this.#isStopped) return
    this.#timer = setTimeout(() => {
      this.#filling = this.#fill().finally(() => {
        this.#filling = undefined
        this.#schedule(this.#setbacks === 0 ? IDLE : backoff(this.#setbacks))
      })
    }, wait)
    this.#timer.unref()
  }

  async #fill(): Promise<void> {
    try {
      const { ended } = await fillSpares(this.#admin, this.#migrations, {
        count: this.#options.count,
        shouldStop: async (db) => this.#isStopped || (await isBusy(db)),
      })
      this.#setbacks = ended === 'stopped' ? this.#setbacks + 1 : 0
    } catch (error) {
      this.#setbacks += 1
      this.#options.onError(error)
    }
  }
}

/** Milliseconds to wait after so many setbacks in a row. */
export function backoff(setbacks: number): number {
  return Math.min(FIRST_BACKOFF * 2 ** (setbacks - 1), LAST_BACKOFF)
}

/** Whether somebody waits for a lock, or many work: making a schema would only be in their way. */
async function isBusy(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ busy: boolean }>(
    `/* spares.busy */
     select count(*) >= $1 or coalesce(bool_or(wait_event_type = 'Lock'), false) as busy
     from pg_stat_activity
     where datname = current_database() and backend_type = 'client backend' and state <> 'idle'
       and pid <> pg_backend_pid()`,
    [BUSY_SESSIONS],
  )
  return rows[0]!.busy
}

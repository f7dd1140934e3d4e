import { sql } from 'kysely'
import { LRUCache } from 'lru-cache'
import type pg from 'pg'
import { inWriteSession, statements, type SessionOptions } from './session.js'
import { platformScope } from './session-scope.js'

/** How exact the record is (ms): one statement an hour for an organization that is busy all day. */
const PRECISION = 3_600_000
/** Milliseconds in which organizations gather that are written down together. */
const GATHERING = 5_000
const CAPACITY = 20_000

/**
 * Writes down when each organization was last served, to the hour, so that a fleet run can leave those that nobody
 * uses for later. Requests never wait for it.
 */
export class TenantActivity {
  readonly #pool: pg.Pool
  readonly #options: SessionOptions
  readonly #noted = new LRUCache<string, number>({ max: CAPACITY })
  readonly #gathered = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(pool: pg.Pool, options: SessionOptions) {
    this.#pool = pool
    this.#options = options
  }

  /** Notes that an organization was served just now. */
  served({ organizationId }: { readonly organizationId: string }): void {
    const now = Date.now()
    if (now - (this.#noted.get(organizationId) ?? 0) < PRECISION) return
    this.#noted.set(organizationId, now)
    this.#gathered.add(organizationId)
    this.#timer ??= setTimeout(() => void this.flush(), GATHERING).unref()
  }

  /** Writes down what was gathered; what could not be written is noted again with the next request. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const organizations = [...this.#gathered]
    this.#gathered.clear()
    if (organizations.length === 0) return
    const update = sql`
      /* activity.record */
      update public.tenant_schemas set last_active_at = now() where organization_id = any(${organizations}::uuid[])`
    await inWriteSession(this.#pool, platformScope, this.#options, (session) =>
      session.run(update.compile(statements)),
    ).catch(() => {
      for (const organization of organizations) this.#noted.delete(organization)
    })
  }
}

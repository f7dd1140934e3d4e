import { sql } from 'kysely'
import type pg from 'pg'
import { inReadSession, statements, type SessionOptions } from './session.js'
import { platformScope } from './session-scope.js'
import { WARNING_DAYS } from './tenant-modules.js'

/** Access to a module that ends soon. */
export interface EndingAccess {
  readonly tenant: string
  readonly module: string
  /** RFC 3339. */
  readonly expiresAt: string
}

/** How often is looked (ms). */
const INTERVAL = 3_600_000

/**
 * Tells of access to modules that will end within {@link WARNING_DAYS}: of each once a day, for as long as the process
 * runs. Nothing else depends on it: access ends by itself.
 */
export class ExpiryWatch {
  readonly #pool: pg.Pool
  readonly #options: SessionOptions
  readonly #warn: (ending: EndingAccess) => void
  readonly #onError: (error: unknown) => void
  /** Days on which was told of an access, by what it is and when it ends. */
  readonly #told = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()

  constructor(
    pool: pg.Pool,
    options: SessionOptions,
    warn: (ending: EndingAccess) => void,
    onError: (error: unknown) => void,
  ) {
    this.#pool = pool
    this.#options = options
    this.#warn = warn
    this.#onError = onError
  }

  start(): void {
    this.#timer = setInterval(() => this.#lookSoon(), INTERVAL)
    this.#timer.unref()
    this.#lookSoon()
  }

  /** Waits for the look that is going on. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
  }

  /** Looks now. */
  async look(): Promise<void> {
    const today = new Date().toISOString().slice(0, 10)
    const endings = await this.#read()
    const keys = new Set(endings.map(keyOf))
    for (const key of this.#told.keys()) if (!keys.has(key)) this.#told.delete(key)
    for (const ending of endings) {
      if (this.#told.get(keyOf(ending)) === today) continue
      this.#told.set(keyOf(ending), today)
      this.#warn(ending)
    }
  }

  #lookSoon(): void {
    this.#looking = this.look().catch((error: unknown) => this.#onError(error))
  }

  #read(): Promise<readonly EndingAccess[]> {
    const query = sql<EndingAccess>`
      /* modules.ending */
      select o.org_key as tenant, m.name as module, a.expires_at as "expiresAt"
      from public.module_access a
      join public.organizations o on o.id = a.organization_id
      join public.modules m on m.id = a.module_id
      where a.access_level <> 'none' and a.expires_at > now() and o.deleted_at is null
        and a.expires_at <= now() + make_interval(days => ${WARNING_DAYS})
      order by a.expires_at, o.org_key`
    return inReadSession(this.#pool, platformScope, this.#options, (session) =>
      session.run(query.compile(statements)),
    )
  }
}

function keyOf({ tenant, module, expiresAt }: EndingAccess): string {
  return `${tenant} ${module} ${expiresAt}`
}

import { AppError } from '../../errors.js'
import { Slots } from '../../events/slots.js'
import type { SubscriptionApi } from '../../graphql/subscriptions/subscription-api.js'
import type { TenantId } from '../../tenancy/tenant-id.js'

/** A client that is connected now, over whichever transport. */
export interface LiveConnection {
  readonly tenant: TenantId
  /** Checks that the client may still be here, and closes the connection when it may not; never rejects. */
  recheck(): Promise<void>
  /** The gateway stops. */
  goAway(): void
}

/** Seconds after which a client may try again where there were too many. */
const RETRY_AFTER = 10
/** Every connection is checked this often (ms), whether or not a change was heard of: memberships end by the clock. */
const RECHECK_INTERVAL = 30_000
/** Checked at once; a change of everybody's access must not take all connections to the database. */
const CHECKS_AT_ONCE = 4

/** All connected clients of this gateway: how many an organization may have, and who has to go. */
export class LiveConnections {
  readonly #mostPerTenant: number
  readonly #byTenant = new Map<TenantId, Set<LiveConnection>>()
  readonly #slots = new Slots(CHECKS_AT_ONCE)
  readonly #unwatch: () => void
  readonly #timer: NodeJS.Timeout
  #isStopping = false

  /** @param mostPerTenant - connections one organization may have at this gateway */
  constructor(api: SubscriptionApi, mostPerTenant: number) {
    this.#mostPerTenant = mostPerTenant
    this.#unwatch = api.watchAccess((tenant) => this.#recheck(tenant))
    this.#timer = setInterval(() => this.#recheck(undefined), RECHECK_INTERVAL)
    this.#timer.unref()
  }

  /**
   * Counts a connection in, until the returned function is called. Throws RATE_LIMITED when the organization has too
   * many, and SERVICE_UNAVAILABLE while the gateway stops.
   */
  add(connection: LiveConnection): () => void {
    const { tenant } = connection
    const known = this.#byTenant.get(tenant) ?? new Set()
    if (this.#isStopping) {
      throw new AppError(
        'SERVICE_UNAVAILABLE',
        'The gateway is stopping. Connect again.',
        {},
        { retryAfter: 1 },
      )
    }
    if (known.size >= this.#mostPerTenant) {
      throw new AppError(
        'RATE_LIMITED',
        `The organization has ${known.size} open connections, and may have ${this.#mostPerTenant}.`,
        { limit: 'connections', allowed: this.#mostPerTenant },
        { retryAfter: RETRY_AFTER },
      )
    }
    this.#byTenant.set(tenant, known.add(connection))
    return () => {
      known.delete(connection)
      if (known.size === 0 && this.#byTenant.get(tenant) === known) this.#byTenant.delete(tenant)
    }
  }

  /** Tells everybody to go, and lets nobody in any more. */
  stop(): void {
    this.#isStopping = true
    clearInterval(this.#timer)
    this.#unwatch()
    for (const connection of this.#of(undefined)) connection.goAway()
  }

  #recheck(tenant: TenantId | undefined): void {
    for (const connection of this.#of(tenant)) void this.#slots.use(() => connection.recheck())
  }

  #of(tenant: TenantId | undefined): LiveConnection[] {
    const sets = tenant === undefined ? [...this.#byTenant.values()] : [this.#byTenant.get(tenant) ?? []]
    return sets.flatMap((set) => [...set])
  }
}

import pg from 'pg'
import type { TenantDirectory } from './tenant-directory.js'
import { isTenantId } from './tenant-id.js'

/** Channel on which every change of a tenant, membership or credential is announced; the payload is a tenant id. */
export const DIRECTORY_CHANNEL = 'orgscope_directory'
/** Channel on which a change of a tenant's schema is announced; the payload is a tenant id. */
export const SCHEMA_CHANNEL = 'orgscope_schema'

const FIRST_RETRY = 250
const LAST_RETRY = 10_000

/** Who hears of a channel's notifications. */
export interface ChannelHearer {
  /** @param isOwn - sent through this very connection */
  notified(payload: string, isOwn: boolean): void
  /** Whether notifications arrive; in between some may have been missed. */
  heard(isHeard: boolean): void
}

/**
 * Keeps one connection listening for changes made through any process; other channels are heard through it too.
 * While it is away the directory trusts its memory for a second only. LISTEN needs a direct connection: it does not
 * work through a transaction pooler.
 */
export class DirectoryListener {
  readonly #connectionString: string
  readonly #hearers = new Map<string, ChannelHearer>()
  #client: pg.Client | undefined
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(connectionString: string, directory: TenantDirectory) {
    this.#connectionString = connectionString
    this.hear(DIRECTORY_CHANNEL, {
      notified: (payload) => directory.forget(isTenantId(payload) ? payload : undefined),
      heard: (isHeard) => directory.setHeard(isHeard),
    })
    this.hear(SCHEMA_CHANNEL, {
      notified: (payload) => isTenantId(payload) && directory.forgetSchema(payload),
      heard: () => {},
    })
  }

  /** Adds a channel, by a name that is a constant of ours. Before `start`. */
  hear(channel: string, hearer: ChannelHearer): void {
    this.#hearers.set(channel, hearer)
  }

  /** Connects, and reconnects for as long as it is not stopped; never throws. */
  async start(retryAfter = FIRST_RETRY): Promise<void> {
    if (this.#stopped) return
    const client = new pg.Client({
      connectionString: this.#connectionString,
      application_name: 'orgscope directory',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      // Many notifications may be sent at once, and none of them waits for another.
      pipeline: true,
    } as pg.ClientConfig)
    let lost = false
    const lose = (): void => {
      if (lost) return
      lost = true
      this.#tellHeard(false)
      void client.end().catch(() => {})
      if (this.#stopped) return
      this.#timer = setTimeout(() => void this.start(Math.min(retryAfter * 2, LAST_RETRY)), retryAfter)
      this.#timer.unref()
    }
    client.on('error', lose)
    client.on('end', lose)
    client.on('notification', ({ channel, payload = '', processId }) => {
      this.#hearers.get(channel)?.notified(payload, processId === processIdOf(client))
    })
    try {
      await client.connect()
      for (const channel of this.#hearers.keys()) await client.query(`listen ${channel}`)
      this.#client = client
      retryAfter = FIRST_RETRY
      this.#tellHeard(true)
    } catch {
      lose()
    }
  }

  /** Sends a notification. Rejects while there is no connection. */
  async notify(channel: string, payload: string): Promise<void> {
    if (this.#client === undefined) throw new Error('not connected')
    await this.#client.query('/* listener.notify */ select pg_notify($1, $2)', [channel, payload])
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#client?.end().catch(() => {})
  }

  #tellHeard(isHeard: boolean): void {
    for (const hearer of this.#hearers.values()) hearer.heard(isHeard)
  }
}

/** Postgres' id of the client's session, which the types of pg leave out. */
function processIdOf(client: pg.Client): number | null {
  return (client as unknown as { readonly processID: number | null }).processID
}

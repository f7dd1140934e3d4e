import pg from 'pg'
import type { TenantDirectory } from './tenant-directory.js'
import { isTenantId } from './tenant-id.js'

/** Channel on which every change of a tenant, membership or credential is announced; the payload is a tenant id. */
export const DIRECTORY_CHANNEL = 'orgscope_directory'

const FIRST_RETRY = 250
const LAST_RETRY = 10_000

/**
 * Keeps one connection listening for changes made through any process. While it is away the directory trusts
 * its memory for a second only. LISTEN needs a direct connection: it does not work through a transaction pooler.
 */
export class DirectoryListener {
  readonly #connectionString: string
  readonly #directory: TenantDirectory
  #client: pg.Client | undefined
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(connectionString: string, directory: TenantDirectory) {
    this.#connectionString = connectionString
    this.#directory = directory
  }

  /** Connects, and reconnects for as long as it is not stopped; never throws. */
  async start(retryAfter = FIRST_RETRY): Promise<void> {
    if (this.#stopped) return
    const client = new pg.Client({
      connectionString: this.#connectionString,
      application_name: 'orgscope directory',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    })
    let lost = false
    const lose = (): void => {
      if (lost) return
      lost = true
      this.#directory.setHeard(false)
      void client.end().catch(() => {})
      if (this.#stopped) return
      this.#timer = setTimeout(() => void this.start(Math.min(retryAfter * 2, LAST_RETRY)), retryAfter)
      this.#timer.unref()
    }
    client.on('error', lose)
    client.on('end', lose)
    client.on('notification', ({ payload }) => {
      this.#directory.forget(payload !== undefined && isTenantId(payload) ? payload : undefined)
    })
    try {
      await client.connect()
      await client.query(`listen ${DIRECTORY_CHANNEL}`)
      this.#client = client
      retryAfter = FIRST_RETRY
      this.#directory.setHeard(true)
    } catch {
      lose()
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#client?.end().catch(() => {})
  }
}

import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { startEmbeddedServer, type EmbeddedServer } from '../../../src/database/embedded/embedded-server.js'
import { prepareCluster } from '../../../src/database/prepare-cluster.js'

/** A server may lose everything in a power cut while it is tested. */
const FAST_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

/** A connection of a superuser to a new database in which the roles are ready and nothing is migrated. */
export interface PreparedServer {
  readonly client: pg.Client
}

/** Starts a server before the tests of a file and stops it after them. */
export function preparedServer(): PreparedServer {
  const directory = mkdtempSync(join(tmpdir(), 'orgscope-migrations-'))
  // When root runs the tests, another user runs Postgres and has to get in.
  chmodSync(directory, 0o711)
  let server: EmbeddedServer | undefined
  let client: pg.Client | undefined

  beforeAll(async () => {
    server = await startEmbeddedServer({ directory, settings: FAST_SETTINGS, fallbackRoots: [] })
    const admin = new pg.Pool({ connectionString: server.adminUrl, max: 1 })
    await prepareCluster({ admin })
    await admin.end()
    client = new pg.Client({ connectionString: server.adminUrl })
    await client.connect()
  })
  afterAll(async () => {
    await client?.end()
    await server?.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  return {
    get client() {
      if (client === undefined) throw new Error('the server starts before the first test')
      return client
    },
  }
}

import { createHmac } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config.js'
import { startEmbeddedServer, type EmbeddedServer } from '../database/embedded/embedded-server.js'
import { createPool } from '../database/pool.js'

/** The databases a command works with. */
export interface Installation {
  /** As `orgscope_gateway`. */
  readonly gatewayUrl: string
  /** For LISTEN: never through a pooler. */
  readonly directUrl: string
  /** For DDL; undefined for an installation that only serves. */
  readonly adminUrl: string | undefined
  /** True when Postgres is the one of the data directory. */
  readonly isEmbedded: boolean
  /** Stops what was started. */
  close(): Promise<void>
}

const DATABASE = 'orgscope'
const FILE = 'connection.json'

/**
 * Finds the installation's databases: those the configuration names; else the embedded server of the data
 * directory, which is started unless another process is running it – then it is shared.
 */
export async function openInstallation(
  config: Pick<Config, 'databaseUrl' | 'directDatabaseUrl' | 'adminDatabaseUrl' | 'dataDirectory'>,
  log: (line: string) => void = () => {},
): Promise<Installation> {
  if (config.databaseUrl !== undefined) {
    return {
      gatewayUrl: config.databaseUrl,
      directUrl: config.directDatabaseUrl ?? config.databaseUrl,
      adminUrl: config.adminDatabaseUrl,
      isEmbedded: false,
      close: async () => {},
    }
  }
  const running = await runningServer(config.dataDirectory)
  if (running !== undefined) return embedded(running, async () => {})
  const server = await startEmbeddedServer({ directory: config.dataDirectory, log })
  const file = join(config.dataDirectory, FILE)
  try {
    const adminUrl = await ensureDatabase(server)
    await writeFile(file, JSON.stringify({ pid: process.pid, adminUrl }), { mode: 0o600 })
    return embedded(adminUrl, async () => {
      await rm(file, { force: true })
      await server.stop()
    })
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** The gateway's password is derived from the superuser's, which is random and kept beside the data. */
function embedded(adminUrl: string, close: () => Promise<void>): Installation {
  const gateway = new URL(adminUrl)
  gateway.username = 'orgscope_gateway'
  gateway.password = createHmac('sha256', gateway.password).update('orgscope_gateway').digest('base64url')
  return { gatewayUrl: gateway.href, directUrl: gateway.href, adminUrl, isEmbedded: true, close }
}

/** URL of the server another process of ours is running on this data directory, if it answers. */
async function runningServer(directory: string): Promise<string | undefined> {
  const text = await readFile(join(directory, FILE), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const { adminUrl } = JSON.parse(text) as { adminUrl: string }
  const pool = createPool({ connectionString: adminUrl, max: 1, applicationName: 'orgscope' })
  try {
    await pool.query('select 1')
    return adminUrl
  } catch {
    return undefined // Left behind by a process that was killed.
  } finally {
    await pool.end()
  }
}

async function ensureDatabase({ adminUrl }: EmbeddedServer): Promise<string> {
  const pool = createPool({ connectionString: adminUrl, max: 1, applicationName: 'orgscope' })
  try {
    const { rowCount } = await pool.query('select from pg_database where datname = $1', [DATABASE])
    if (rowCount === 0) await pool.query(`create database ${DATABASE}`)
  } finally {
    await pool.end()
  }
  const url = new URL(adminUrl)
  url.pathname = `/${DATABASE}`
  return url.href
}

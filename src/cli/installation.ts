import { createHmac } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
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

export interface InstallationOptions {
  readonly log?: ((line: string) => void) | undefined
  /** Never share a server that another process runs: what serves must not lose its database to it. */
  readonly exclusive?: boolean | undefined
}

type InstallationConfig = Pick<
  Config,
  'databaseUrl' | 'directDatabaseUrl' | 'adminDatabaseUrl' | 'dataDirectory'
>

const DATABASE = 'orgscope'
const FILE = 'connection.json'
/** A process that is just starting its server tells where it is within this time (ms). */
const STARTING = 10_000
/** How long a command that ends waits for others that use its server (ms). */
const SHARED = 60_000
const POLL = 200

/**
 * Finds the installation's databases: those the configuration names; else the embedded server of the data
 * directory, which is started unless another process is running it – then it is shared. Throws
 * `EmbeddedServerError`.
 */
export async function openInstallation(
  config: InstallationConfig,
  { log, exclusive = false }: InstallationOptions = {},
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
  const running = exclusive ? undefined : await runningServer(config.dataDirectory)
  if (running !== undefined) return embedded(running, async () => {})
  try {
    const server = await startEmbeddedServer({ directory: config.dataDirectory, log })
    return await announced(config.dataDirectory, server, exclusive)
  } catch (error) {
    const started = exclusive ? undefined : await startedMeanwhile(config.dataDirectory, error)
    if (started === undefined) throw error
    return embedded(started, async () => {})
  }
}

/** Tells other commands, for as long as it runs, how to reach the server. */
async function announced(
  directory: string,
  server: EmbeddedServer,
  exclusive: boolean,
): Promise<Installation> {
  const file = join(directory, FILE)
  try {
    const adminUrl = await ensureDatabase(server)
    await mkdir(directory, { recursive: true })
    const draft = `${file}.${process.pid}`
    await writeFile(draft, JSON.stringify({ pid: process.pid, adminUrl }), { mode: 0o600 })
    await rename(draft, file)
    return embedded(adminUrl, async () => {
      await rm(file, { force: true })
      if (!exclusive) await untilAlone(adminUrl)
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
  // Left behind by a process that was killed, it leads nowhere.
  return withConnection(adminUrl, async (query) => {
    await query('select 1')
    return adminUrl
  }).catch(() => undefined)
}

/** When two commands start at once, the second one finds the directory taken and not announced yet. */
async function startedMeanwhile(directory: string, error: unknown): Promise<string | undefined> {
  if (!(error instanceof Error) || !error.message.includes('already in use')) return undefined
  for (let waited = 0; waited < STARTING; waited += POLL) {
    const running = await runningServer(directory)
    if (running !== undefined) return running
    await sleep(POLL)
  }
  return undefined
}

/** Waits until no other command is connected, so that none loses its database in the middle of its work. */
async function untilAlone(adminUrl: string): Promise<void> {
  await withConnection(adminUrl, async (query) => {
    for (let waited = 0; waited < SHARED; waited += POLL) {
      const { rowCount } = await query(
        `/* installation.others */ select from pg_stat_activity
         where application_name like 'orgscope%' and pid <> pg_backend_pid()`,
      )
      if (rowCount === 0) return
      await sleep(POLL)
    }
  }).catch(() => {})
}

async function ensureDatabase({ adminUrl }: EmbeddedServer): Promise<string> {
  await withConnection(adminUrl, async (query) => {
    const { rowCount } = await query(
      `/* installation.database */ select from pg_database where datname = '${DATABASE}'`,
    )
    if (rowCount === 0) await query(`create database ${DATABASE}`)
  })
  const url = new URL(adminUrl)
  url.pathname = `/${DATABASE}`
  return url.href
}

type Query = (text: string) => Promise<{ rowCount: number | null }>

async function withConnection<Result>(url: string, work: (query: Query) => Promise<Result>): Promise<Result> {
  const pool = createPool({ connectionString: url, max: 1, applicationName: 'orgscope' })
  try {
    return await work((text) => pool.query(text))
  } finally {
    await pool.end()
  }
}

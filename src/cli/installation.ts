import { createHmac } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Config } from '../config.js'
import { lockKey } from '../database/advisory-lock.js'
import { startEmbeddedServer, type EmbeddedServer } from '../database/embedded/embedded-server.js'
import { EmbeddedServerError } from '../database/embedded/embedded-server-error.js'

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
/** How long a command waits for another one that is just starting or stopping the server (ms). */
const PATIENCE = 15_000
const POLL = 200
/** Held shared by those who use a server that another command started. */
const SHARED_LOCK = lockKey('shared embedded server')

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
  for (let waited = 0; ; waited += POLL) {
    const shared = exclusive ? undefined : await shareServer(config.dataDirectory)
    if (shared !== undefined) return shared
    try {
      const server = await startEmbeddedServer({ directory: config.dataDirectory, log })
      return await announced(config.dataDirectory, server, { exclusive, log })
    } catch (error) {
      // Another command is just starting its server, or stopping it: it will be there to share, or gone.
      if (exclusive || waited >= PATIENCE || !isTaken(error)) throw error
      await sleep(POLL)
    }
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof EmbeddedServerError && error.message.includes('already in use')
}

/** Tells other commands, for as long as it runs, how to reach the server. */
async function announced(
  directory: string,
  server: EmbeddedServer,
  { exclusive, log }: InstallationOptions,
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
      // What serves ends when it is told to; a command waits for those that share its server.
      const lastOne = exclusive === true ? undefined : await untilAlone(adminUrl, log)
      await server.stop()
      await lastOne?.end().catch(() => {})
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

/**
 * The server another process of ours runs on this data directory, if it answers and is not about to stop. A shared
 * lock, held on a connection of its own until the command ends, keeps it from stopping meanwhile.
 */
async function shareServer(directory: string): Promise<Installation | undefined> {
  const text = await readFile(join(directory, FILE), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const { adminUrl } = JSON.parse(text) as { adminUrl: string }
  const client = newClient(adminUrl)
  try {
    await client.connect()
    const { rows } = await client.query<{ shared: boolean }>(
      `/* installation.share */ select pg_try_advisory_lock_shared(${SHARED_LOCK}) as shared`,
    )
    if (rows[0]?.shared === true) return embedded(adminUrl, () => client.end())
  } catch {
    // Left behind by a process that was killed, the file leads nowhere.
  }
  await client.end().catch(() => {})
  return undefined
}

/** Waits until nobody shares the server any more, and keeps others from beginning to. */
async function untilAlone(adminUrl: string, log: InstallationOptions['log']): Promise<pg.Client | undefined> {
  const client = newClient(adminUrl)
  try {
    await client.connect()
    const { rows } = await client.query<{ alone: boolean }>(
      `/* installation.try_alone */ select pg_try_advisory_lock(${SHARED_LOCK}) as alone`,
    )
    if (rows[0]?.alone !== true) {
      log?.('Waiting for another command that uses the database of this one.')
      await client.query(`/* installation.alone */ select pg_advisory_lock(${SHARED_LOCK})`)
    }
    return client
  } catch {
    await client.end().catch(() => {})
    return undefined
  }
}

function newClient(connectionString: string): pg.Client {
  const client = new pg.Client({
    connectionString,
    application_name: 'orgscope',
    connectionTimeoutMillis: 5_000,
  })
  client.on('error', () => {}) // the server may stop below it
  return client
}

async function ensureDatabase({ adminUrl }: EmbeddedServer): Promise<string> {
  const client = newClient(adminUrl)
  try {
    await client.connect()
    const { rowCount } = await client.query(
      `/* installation.database */ select from pg_database where datname = '${DATABASE}'`,
    )
    if (rowCount === 0) await client.query(`create database ${DATABASE}`)
  } finally {
    await client.end()
  }
  const url = new URL(adminUrl)
  url.pathname = `/${DATABASE}`
  return url.href
}

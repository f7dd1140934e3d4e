import type pg from 'pg'
import { createPool } from '../database/pool.js'
import type { CommandContext } from './command-context.js'
import { exitCodes } from './exit-codes.js'
import { CliError } from './failure.js'
import { openInstallation, type Installation } from './installation.js'

/** The databases of a command that runs and ends; every pool opened through it is ended with it. */
export interface Connection {
  readonly installation: Installation
  /** For the control plane. Throws when ADMIN_DATABASE_URL is not set. */
  admin(): pg.Pool
  /** As the gateway, for work inside organizations. */
  gateway(): pg.Pool
}

/** Enough for a fleet run of eight tenants at once, with one connection that looks around. */
const ADMIN_CONNECTIONS = 10
const GATEWAY_CONNECTIONS = 4

/** Connects, does the work, and leaves nothing open. */
export async function connected<Result>(
  context: CommandContext,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const log = (line: string): void => context.terminal.say(line)
  const installation = await openInstallation(context.config(), { log })
  const pools: pg.Pool[] = []
  const open = (connectionString: string, max: number): pg.Pool => {
    const pool = createPool({ connectionString, max, applicationName: 'orgscope command' })
    pools.push(pool)
    return pool
  }
  const connection: Connection = {
    installation,
    admin: once(() => open(adminUrlOf(installation), ADMIN_CONNECTIONS)),
    gateway: once(() => open(installation.gatewayUrl, GATEWAY_CONNECTIONS)),
  }
  try {
    return await work(connection)
  } finally {
    await Promise.all(pools.map((pool) => pool.end()))
    await installation.close()
  }
}

function adminUrlOf({ adminUrl }: Installation): string {
  if (adminUrl !== undefined) return adminUrl
  throw new CliError(
    'This command needs the database for DDL. Set ADMIN_DATABASE_URL beside DATABASE_URL, or neither of them to ' +
      'use the embedded server.',
    exitCodes.usage,
    { variable: 'ADMIN_DATABASE_URL' },
  )
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined
  return () => (made ??= { value: make() }).value
}

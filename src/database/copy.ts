import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from, to } from 'pg-copy-streams'
import { createPool } from './pool.js'

/**
 * Lends a connection of its own to the same database as a pool's: COPY takes a connection for itself, and the pool's
 * pipeline. It is thrown away when the work fails, whatever it was in the middle of.
 */
export async function withCopyClient<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const own = createPool({
    connectionString: pool.options.connectionString as string,
    max: 1,
    applicationName: 'orgscope copy',
    pipeline: false,
  })
  const client = await own.connect().catch(async (error: unknown) => {
    await own.end()
    throw error
  })
  let failed = true
  try {
    const result = await work(client)
    failed = false
    return result
  } finally {
    client.release(failed)
    await own.end()
  }
}

/** Settings under which the text of COPY is the same on every server; transaction-local. */
export const copySettings =
  `set local datestyle = 'ISO, MDY'; set local timezone = 'UTC'; set local intervalstyle = 'postgres'; ` +
  `set local bytea_output = 'hex'; set local extra_float_digits = 1; set local client_encoding = 'UTF8'; ` +
  `set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0`

/**
 * Hands the rows of a query, a line of COPY's text form each, to `consume`. When that fails the connection is still
 * full of rows, and has to be thrown away.
 */
export async function copyOut<Result>(
  client: pg.ClientBase,
  query: string,
  consume: (lines: Readable) => Promise<Result>,
): Promise<Result> {
  const drained = once(client, 'drain')
  drained.catch(() => {})
  const result = await consume(client.query(to(`copy (${query}) to stdout`)))
  // The last row arrives before the server says that it is ready for the next statement.
  await drained
  return result
}

/** Sends lines in COPY's text form into a table; resolves to how many rows arrived. */
export async function copyIn(client: pg.ClientBase, target: string, lines: Readable): Promise<number> {
  const copy = client.query(from(`copy ${target} from stdin`))
  await pipeline(lines, copy)
  return copy.rowCount
}

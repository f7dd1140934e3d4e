import type { CompiledQuery } from 'kysely'
import type pg from 'pg'

/**
 * The extended protocol, always: it takes one statement per message, so text smuggled into a value or an
 * identifier can never add `set role` behind a semicolon.
 */
export function extended({ sql: text, parameters }: CompiledQuery, name: string | undefined): pg.QueryConfig {
  const values = parameters as unknown[]
  return (
    name === undefined ? { text, values, queryMode: 'extended' } : { name, text, values }
  ) as pg.QueryConfig
}

/** What is sent to a connection in this tick leaves in one packet. */
export function sendTogether(client: pg.PoolClient): void {
  const { stream } = (client as unknown as { connection: pg.Connection }).connection
  stream.cork()
  process.nextTick(() => stream.uncork())
}

import pg from 'pg'

const { builtins } = pg.types

/** int8 as a number: counts of tokens, rows and bytes stay far below 2^53; anything above is an error. */
function parseInt8(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  throw new RangeError(`bigint ${text} is beyond the safe integers of JavaScript`)
}

/** RFC 3339 in UTC with all six decimals of a second; a Date would cut them to three. Infinities stay words. */
function parseTimestamp(text: string): string {
  if (text.endsWith('+00')) return `${text.slice(0, 10)}T${text.slice(11, -3)}Z`
  return text.includes('infinity') ? text : new Date(text).toISOString()
}

/**
 * How values leave Postgres: int8 as number, numeric as its exact digits, timestamps as RFC 3339 text, dates as
 * `YYYY-MM-DD` text (a Date would shift it into the process's time zone).
 */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === builtins.INT8) return parseInt8
    if (oid === builtins.TIMESTAMPTZ) return parseTimestamp
    if (oid === builtins.DATE) return (text: string) => text
    return pg.types.getTypeParser(oid, format as 'text')
  }) as pg.CustomTypesConfig['getTypeParser'],
}

export interface PoolOptions {
  readonly connectionString: string
  /** Upper bound of open connections. */
  readonly max: number
  readonly applicationName: string
  /** Whether a statement is sent before the answer to the previous one arrived; COPY needs a connection that waits. */
  readonly pipeline?: boolean
}

/** Opens a pool whose clients pipeline unless told otherwise. */
export function createPool({
  connectionString,
  max,
  applicationName,
  pipeline = true,
}: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    types: typeParsers,
    pipeline,
  } as pg.PoolConfig)
  // An idle connection that dies (server restart) is dropped by the pool; without a listener it would end us.
  pool.on('error', () => {})
  // The same for one that dies while it is taken out: its statements fail, and whoever took it throws it away.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

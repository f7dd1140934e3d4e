import {
  type CompiledQuery,
  DefaultQueryExecutor,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import type pg from 'pg'
import type { Database } from '../database/row-types.js'

const compiler = new PostgresQueryCompiler()
const adapter = new PostgresAdapter()
const driver = new DummyDriver()

/** Compiles without a connection: the kernel builds statements with it and runs them in a session. */
export const statements = new Kysely<Database>({
  dialect: {
    createAdapter: () => adapter,
    createDriver: () => driver,
    createIntrospector: () => {
      throw new Error('sessions do not introspect')
    },
    createQueryCompiler: () => compiler,
  },
})

/** A Kysely instance whose statements run through `run`; transactions belong to the session. */
export function kyselyThrough(run: (query: CompiledQuery) => Promise<pg.QueryResult>): Kysely<Database> {
  const connection = {
    async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
      const result = await run(query)
      return { rows: result.rows as Row[], numAffectedRows: BigInt(result.rowCount ?? 0) }
    },
    async *streamQuery(): AsyncGenerator<never> {
      throw new Error('a session does not stream')
    },
  }
  const executor = new DefaultQueryExecutor(compiler, adapter, {
    provideConnection: (consumer) => consumer(connection),
  })
  const dialect = {
    createAdapter: () => adapter,
    createDriver: () => driver,
    createQueryCompiler: () => compiler,
    createIntrospector: () => {
      throw new Error('sessions do not introspect')
    },
  }
  return new Kysely<Database>({ config: { dialect }, dialect, driver, executor })
}

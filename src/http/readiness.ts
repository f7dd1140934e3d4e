import { sql } from 'kysely'
import type pg from 'pg'
import { isDatabaseDown } from '../database/postgres-error.js'
import { sharedStream, type MigrationCatalogue } from '../fleet/migration-files.js'
import { inReadSession, statements } from '../tenancy/session.js'
import { platformScope } from '../tenancy/session-scope.js'
import type { HealthCheck, Readiness } from './health.js'

export interface DatabaseReadinessOptions {
  /** The gateway's pool. */
  readonly pool: pg.Pool
  /** What this program expects schema `public` to have. */
  readonly migrations: MigrationCatalogue
}

/** Milliseconds; a database slower than this cannot serve. */
const TIMEOUT = 3_000

const DATABASE = 'database'
const MIGRATIONS = 'migrations'

/** Ready when the database answers the gateway's user and every migration of the shared schema is applied. */
export function databaseReadiness({ pool, migrations }: DatabaseReadinessOptions): Readiness {
  return async () => {
    try {
      const applied = new Set(await appliedVersions(pool))
      const missing = migrations.shared.migrations.filter(({ version }) => !applied.has(version))
      return [{ name: DATABASE, ok: true }, migrationsCheck(missing.length)]
    } catch (error) {
      return explain(error)
    }
  }
}

async function appliedVersions(pool: pg.Pool): Promise<number[]> {
  const query = sql<{ version: number }>`
    /* health.migrations */
    select version from public.schema_migrations
    where schema_name = 'public' and module = ${sharedStream} and status in ('applied', 'baseline')`
  const options = { statementTimeout: TIMEOUT }
  const rows = await inReadSession(pool, platformScope, options, (session) =>
    session.run(query.compile(statements)),
  )
  return rows.map(({ version }) => version)
}

function migrationsCheck(missing: number): HealthCheck {
  if (missing === 0) return { name: MIGRATIONS, ok: true }
  const reason = `The shared schema lacks ${missing === 1 ? '1 migration' : `${missing} migrations`}. Run: orgscope migrate up`
  return { name: MIGRATIONS, ok: false, reason }
}

/** The reason is for anyone to read, so it says no more than what an operator has to do. */
function explain(error: unknown): HealthCheck[] {
  if (isDatabaseDown(error)) return [{ name: DATABASE, ok: false, reason: 'The database cannot be reached.' }]
  return [
    { name: DATABASE, ok: true },
    { name: MIGRATIONS, ok: false, reason: 'The database is not prepared. Run: orgscope migrate up' },
  ]
}

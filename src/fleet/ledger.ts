import type { Queryable } from '../database/advisory-lock.js'
import { AppError } from '../errors.js'
import { sharedStream, type Migration, type MigrationCatalogue } from './migration-files.js'

/** Versions applied in one schema, by stream. */
export type AppliedVersions = ReadonlyMap<string, ReadonlySet<number>>

/** A step of some schema that did not end well, or has not ended. */
export interface UnfinishedStep {
  readonly schemaName: string
  readonly module: string
  readonly version: number
  readonly migrationName: string
  /** `started`: a step outside a transaction that was interrupted; it can be run again. */
  readonly status: 'failed' | 'started'
  readonly error: string | null
  /** RFC 3339. */
  readonly at: string
}

/** What `public.schema_migrations` knows of all schemas. */
export interface Ledger {
  /** False until schema `public` has come to the table of tenants. */
  readonly tenantsExist: boolean
  appliedIn(schemaName: string): AppliedVersions
  unfinishedIn(schemaName: string): readonly UnfinishedStep[]
  /** Every distinct step that was applied anywhere but in spare schemas: what the files are compared with. */
  readonly applied: readonly AppliedStep[]
}

export interface AppliedStep {
  readonly module: string
  readonly version: number
  readonly migrationName: string
  readonly checksum: string
  /** Number of schemas that have it. */
  readonly schemas: number
}

const NOTHING: AppliedVersions = new Map()

/**
 * Reads the ledger of all schemas, or of one; before the first migration there is none, which reads as empty.
 */
export async function readLedger(db: Queryable, schemaName: string | null = null): Promise<Ledger> {
  const { rows } = await db.query<{ ledger: boolean; tenants: boolean }>(
    `/* fleet.ledger.exists */ select to_regclass('public.schema_migrations') is not null as ledger,
       to_regclass('public.tenant_schemas') is not null as tenants`,
  )
  const { ledger, tenants } = rows[0]!
  if (!ledger) {
    return { tenantsExist: false, appliedIn: () => NOTHING, unfinishedIn: () => [], applied: [] }
  }
  const [versions, unfinished, applied] = await Promise.all([
    readVersions(db, schemaName === null ? null : [schemaName]),
    readUnfinished(db, schemaName),
    readSteps(db, schemaName),
  ])
  return {
    tenantsExist: tenants,
    appliedIn: (schemaName) => versions.get(schemaName) ?? NOTHING,
    unfinishedIn: (schemaName) => unfinished.get(schemaName) ?? [],
    applied,
  }
}

/** Versions applied in some schemas, or in all. */
export async function readVersions(
  db: Queryable,
  schemaNames: readonly string[] | null,
): Promise<ReadonlyMap<string, AppliedVersions>> {
  const { rows } = await db.query<{ schema_name: string; module: string; versions: number[] }>(
    `/* fleet.ledger.versions */
     select schema_name, module, array_agg(version) as versions from public.schema_migrations
     where status in ('applied', 'baseline') and ($1::text[] is null or schema_name = any($1))
     group by schema_name, module`,
    [schemaNames],
  )
  const bySchema = new Map<string, Map<string, Set<number>>>()
  for (const { schema_name, module, versions } of rows) {
    const byModule = bySchema.get(schema_name) ?? new Map<string, Set<number>>()
    bySchema.set(schema_name, byModule.set(module, new Set(versions)))
  }
  return bySchema
}

async function readUnfinished(
  db: Queryable,
  schemaName: string | null,
): Promise<Map<string, UnfinishedStep[]>> {
  const { rows } = await db.query<UnfinishedStep>(
    `/* fleet.ledger.unfinished */
     select schema_name as "schemaName", module, version, migration_name as "migrationName", status, error,
       executed_at as at
     from public.schema_migrations where status in ('failed', 'started') and ($1::text is null or schema_name = $1) order by executed_at`,
    [schemaName],
  )
  const bySchema = new Map<string, UnfinishedStep[]>()
  for (const step of rows) bySchema.set(step.schemaName, [...(bySchema.get(step.schemaName) ?? []), step])
  return bySchema
}

async function readSteps(db: Queryable, schemaName: string | null): Promise<AppliedStep[]> {
  const { rows } = await db.query<AppliedStep>(
    `/* fleet.ledger.steps */
     select module, version, migration_name as "migrationName", checksum, count(*)::integer as schemas
     from public.schema_migrations where status in ('applied', 'baseline')
       and ($1::text is null and schema_name not like 'spare\\_%' or schema_name = $1)
     group by module, version, migration_name, checksum order by module, version`,
    [schemaName],
  )
  return rows
}

/**
 * Compares what was applied with the files. Throws CONFLICT naming each file that changed or was renamed after it
 * was applied; what is in the ledger only (a newer program ran here) is returned.
 */
export function verifyLedger(ledger: Ledger, catalogue: MigrationCatalogue): readonly AppliedStep[] {
  const changed: string[] = []
  const unknown: AppliedStep[] = []
  for (const step of ledger.applied) {
    const migration = findMigration(catalogue, step.module, step.version)
    if (migration === undefined) unknown.push(step)
    else if (migration.name !== step.migrationName) {
      changed.push(
        `${migration.up.file}: was applied in ${inSchemas(step)} under the name ${step.migrationName}.`,
      )
    } else if (migration.checksum !== step.checksum) {
      changed.push(
        `${migration.up.file}: was applied in ${inSchemas(step)} with other contents ` +
          `(SHA-256 ${step.checksum.slice(0, 12)}…, now ${migration.checksum.slice(0, 12)}…).`,
      )
    }
  }
  if (changed.length === 0) return unknown
  throw new AppError(
    'CONFLICT',
    `Applied migrations must not change:\n${changed.join('\n')}\nRestore the file and write the change as a new migration.`,
    { changed },
  )
}

function inSchemas({ schemas }: AppliedStep): string {
  return schemas === 1 ? '1 schema' : `${schemas} schemas`
}

/** The migration with this number of a stream, when this installation has it. */
export function findMigration(
  catalogue: MigrationCatalogue,
  module: string,
  version: number,
): Migration | undefined {
  const stream = module === sharedStream ? catalogue.shared : catalogue.modules.get(module)
  return stream?.migrations[version - 1]
}

/** Remembers that a step failed; the attempt's own transaction is rolled back, so this is a statement of its own. */
export async function recordFailure(
  db: Queryable,
  schemaName: string,
  { module, version, name, checksum }: Migration,
  error: string,
): Promise<void> {
  await db.query(
    `/* fleet.ledger.fail */
     insert into public.schema_migrations as ledger (schema_name, module, version, migration_name, checksum, status,
       error, applied_by)
     values ($1, $2, $3, $4, $5, 'failed', $6, session_user)
     on conflict (schema_name, module, version) do update set
       status = case when ledger.status = 'started' then 'started' else 'failed' end,
       checksum = excluded.checksum, migration_name = excluded.migration_name, error = excluded.error,
       executed_at = now()
     where ledger.status not in ('applied', 'baseline')`,
    [schemaName, module, version, name, checksum, error],
  )
}

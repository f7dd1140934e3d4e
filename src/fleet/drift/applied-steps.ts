import type { Queryable } from '../../database/advisory-lock.js'
import { findMigration } from '../ledger.js'
import type { Migration, MigrationCatalogue } from '../migration-files.js'

/** What the ledger says of one schema. */
export interface AppliedLedger {
  /** Steps this program has files for, in the order in which a new schema gets them. */
  readonly steps: readonly Migration[]
  /** Steps this program does not know, for example `usage 12`: a newer one ran here. */
  readonly unknown: readonly string[]
  /** Steps whose file has other contents now. */
  readonly changed: readonly Migration[]
  /** Steps that are missing although a later one of their stream is there. */
  readonly skipped: readonly Migration[]
  /** Highest version by module. */
  readonly versions: Readonly<Record<string, number>>
}

type LedgerRow = readonly [module: string, version: number, checksum: string]

/** The ledger of schemas, by schema; those with the same steps share one object. */
export async function readAppliedLedgers(
  db: Queryable,
  catalogue: MigrationCatalogue,
  schemas: readonly string[],
): Promise<Map<string, AppliedLedger>> {
  const { rows } = await db.query<{ schemas: string[]; steps: LedgerRow[] }>(
    `/* drift.ledger */
     select array_agg(schema_name order by schema_name) as schemas, steps from (
       select schema_name, jsonb_agg(jsonb_build_array(module, version, checksum) order by module, version) as steps
       from public.schema_migrations where status in ('applied', 'baseline') and schema_name = any($1)
       group by schema_name
     ) as applied group by steps`,
    [schemas],
  )
  const ledgers = new Map(schemas.map((schema) => [schema, NOTHING]))
  for (const { schemas: equal, steps } of rows) {
    const ledger = judged(catalogue, steps)
    for (const schema of equal) ledgers.set(schema, ledger)
  }
  return ledgers
}

const NOTHING: AppliedLedger = { steps: [], unknown: [], changed: [], skipped: [], versions: {} }

function judged(catalogue: MigrationCatalogue, rows: readonly LedgerRow[]): AppliedLedger {
  const known = rows.map(([module, version, checksum]) => ({
    ...{ module, version, checksum },
    migration: findMigration(catalogue, module, version),
  }))
  const steps = known.flatMap(({ migration }) => migration ?? [])
  const versions: Record<string, number> = {}
  for (const [module, version] of rows) versions[module] = Math.max(versions[module] ?? 0, version)
  const skipped = [...catalogue.modules.values()].flatMap(({ module, migrations }) =>
    migrations.filter((step) => step.version < (versions[module] ?? 0) && !steps.includes(step)),
  )
  const order = [...catalogue.modules.keys()]
  return {
    steps: steps.sort((a, b) => order.indexOf(a.module) - order.indexOf(b.module) || a.version - b.version),
    unknown: known
      .filter(({ migration }) => migration === undefined)
      .map(({ module, version }) => `${module} ${version}`),
    changed: known.flatMap(({ migration, checksum }) =>
      migration !== undefined && migration.checksum !== checksum ? migration : [],
    ),
    skipped,
    versions,
  }
}

import type pg from 'pg'
import { acquireLock, releaseLock, schemaLockName, type Queryable } from '../../database/advisory-lock.js'
import { ownerTransactionOn } from '../../database/owner-transaction.js'
import { planSchema } from '../../fleet/fleet-plan.js'
import { readLedger } from '../../fleet/ledger.js'
import { coreModule, type Migration, type MigrationCatalogue } from '../../fleet/migration-files.js'
import { compose, ledgerInsert, opening, spareTarget } from '../../fleet/migration-message.js'
import { applyStep, defaultPatience, sendMessage } from '../../fleet/step-runner.js'
import { defaultRows, originOf } from './default-rows.js'
import { leadingTransactional } from '../../fleet/leading-transactional.js'
import { membershipsOfRole, roleAndSchema, textArray } from '../provisioning-sql.js'
import { newSpareName, parseSpareName, type SpareName } from './spare-name.js'

/** A migrated schema that waits for a tenant. Moments are RFC 3339 text. */
export interface SpareSchema {
  readonly name: SpareName
  /** Optional modules whose tables it has, by name. */
  readonly modules: readonly string[]
  readonly status: 'preparing' | 'ready' | 'failed'
  /** Its migrations and default rows are those a new schema would get: only then it is handed out. */
  readonly isCurrent: boolean
  readonly lastError: string | null
  readonly createdAt: string
}

/**
 * The migrations a schema with these modules has, as `module version checksum`, in the order of Postgres' "C" collation:
 * a spare whose ledger says the same was made from the very files that a new tenant would be made from.
 */
export function contentsOf({ modules }: MigrationCatalogue, optional: readonly string[]): string[] {
  return [...modules.values()]
    .filter(({ module }) => module === coreModule || optional.includes(module))
    .flatMap(({ migrations }) => migrations)
    .map(({ module, version, checksum }) => `${module} ${version} ${checksum}`)
    .sort()
}

/** Constant SQL: the contents of the spare `s`, to be compared with {@link contentsOf}. */
export const CONTENTS = `
  (select array_agg(concat_ws(' ', l.module, l.version, l.checksum)
      order by concat_ws(' ', l.module, l.version, l.checksum) collate "C")
    from public.schema_migrations l where l.schema_name = s.schema_name and l.status in ('applied', 'baseline'))`

/** All spare schemas, oldest first. */
export async function listSpares(db: Queryable, migrations: MigrationCatalogue): Promise<SpareSchema[]> {
  const { rows } = await db.query<{
    schema_name: string
    modules: string[]
    status: SpareSchema['status']
    contents: string[] | null
    default_rows: string | null
    last_error: string | null
    created_at: string
  }>(
    `/* spares.list */
     select s.schema_name, s.modules, s.default_rows, s.status, s.last_error, s.created_at, ${CONTENTS} as contents
     from public.spare_schemas s order by s.created_at, s.schema_name`,
  )
  const origins = await originsOf(
    db,
    migrations,
    rows.map(({ modules }) => modules),
  )
  return rows.map(({ schema_name, modules, status, contents, default_rows, last_error, created_at }) => ({
    name: parseSpareName(schema_name),
    modules,
    status,
    isCurrent:
      String(contents ?? []) === String(contentsOf(migrations, modules)) &&
      default_rows === origins.get(String(modules)),
    lastError: last_error,
    createdAt: created_at,
  }))
}

/** What default rows would be made from now, by the set of modules. */
async function originsOf(
  db: Queryable,
  migrations: MigrationCatalogue,
  sets: readonly (readonly string[])[],
): Promise<ReadonlyMap<string, string>> {
  const origins = new Map<string, string>()
  for (const modules of sets) {
    if (origins.has(String(modules))) continue
    const { rows } = await db.query<{ origin: string }>(
      `/* spares.origin */ select ${originOf(defaultRows(migrations, modules))} as origin`,
    )
    origins.set(String(modules), rows[0]!.origin)
  }
  return origins
}

/** What it takes to work on spares: a connection for the work, and another one for looking who is in the way. */
export interface SpareWorkplace {
  readonly client: pg.PoolClient
  readonly observer: Queryable
  readonly migrations: MigrationCatalogue
}

/**
 * Makes a spare schema as a tenant's is made, default rows included: one message in one transaction, so that a killed
 * process leaves all of it or nothing. What refuses a transaction follows; until then it is `preparing`.
 */
export async function makeSpare(
  workplace: SpareWorkplace,
  optional: readonly string[],
  name = newSpareName(),
): Promise<SpareName> {
  const { client, observer, migrations } = workplace
  const target = spareTarget(name)
  const { steps } = planSchema(migrations, await readLedger(client, name), target, [coreModule, ...optional])
  const sendable = leadingTransactional(steps)
  const remainder = steps.slice(sendable.length)
  const data = defaultRows(migrations, optional)
  const origin = originOf(data)
  const context = { observer, patience: defaultPatience }
  await underLock(client, name, async () => {
    await sendMessage(
      client,
      target,
      compose(
        opening(target, defaultPatience, 'new') + roleAndSchema(name),
        [...sendable.map(({ up }) => up), ...(remainder.length === 0 ? data : [])],
        target,
        ledgerInsert(target, sendable, 'applied') +
          insertSpare(name, optional, sendable, remainder.length === 0 ? 'ready' : 'preparing', origin) +
          membershipsOfRole(name),
      ),
      context,
    )
    for (const step of remainder) {
      await applyStep(client, target, step, step === remainder.at(-1) ? data : [], context)
    }
    if (remainder.length > 0) await setReady(client, name)
  })
  return name
}

function insertSpare(
  name: SpareName,
  optional: readonly string[],
  applied: readonly Migration[],
  status: SpareSchema['status'],
  origin: string,
): string {
  const versions = Object.fromEntries(applied.map(({ module, version }) => [module, version]))
  return (
    '/* spares.insert */ insert into public.spare_schemas (schema_name, modules, schema_versions, status, default_rows) ' +
    `values ('${name}', ${textArray([...optional].sort())}, '${JSON.stringify(versions)}', '${status}', ${origin});\n`
  )
}

async function setReady(client: pg.PoolClient, name: SpareName): Promise<void> {
  await ownerTransactionOn(client, (transaction) =>
    transaction.query(
      `/* spares.ready */ update public.spare_schemas set status = 'ready', updated_at = now() where schema_name = $1`,
      [name],
    ),
  )
}

/**
 * Brings a spare that is behind to this version, or drops it when that fails: it is worth no more than its making.
 * Resolves to whether it is there afterwards.
 */
export async function migrateSpare(
  workplace: SpareWorkplace,
  { name, modules }: SpareSchema,
): Promise<boolean> {
  const { client, observer, migrations } = workplace
  const target = spareTarget(name)
  try {
    await underLock(client, name, async () => {
      const ledger = await readLedger(client, name)
      const { steps } = planSchema(migrations, ledger, target, [coreModule, ...modules])
      for (const step of steps) {
        await applyStep(client, target, step, [], { observer, patience: defaultPatience })
      }
    })
    return true
  } catch {
    await dropSpare(client, name)
    return false
  }
}

/** Drops a spare with its role and ledger, unless it is being handed out or worked on. Resolves to whether it did. */
export async function dropSpare(client: pg.PoolClient, name: SpareName): Promise<boolean> {
  try {
    return await underLock(client, name, () =>
      ownerTransactionOn(client, async (transaction) => {
        const { rowCount } = await transaction.query(
          '/* spares.lock */ select from public.spare_schemas where schema_name = $1 for update skip locked',
          [name],
        )
        if (rowCount === 0) return false
        await transaction.query(
          `/* spares.drop */ drop schema if exists "${name}" cascade; drop role if exists "${name}"`,
        )
        await transaction.query(
          `/* spares.forget */ with ledger as (delete from public.schema_migrations where schema_name = $1)
           delete from public.spare_schemas where schema_name = $1`,
          [name],
        )
        return true
      }),
    )
  } catch (error) {
    if (error instanceof Busy) return false
    throw error
  }
}

/** Somebody else works on the spare. */
class Busy extends Error {}

/** Whoever prepares a spare holds its lock: one that is `preparing` and not locked was left behind. */
async function underLock<Result>(
  client: pg.PoolClient,
  name: SpareName,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = schemaLockName(name)
  await acquireLock(client, lock, 0).catch((cause: unknown) => {
    throw new Busy(`the spare ${name} is busy`, { cause })
  })
  try {
    return await work()
  } finally {
    await releaseLock(client, lock).catch(() => {})
  }
}

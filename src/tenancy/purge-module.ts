import type pg from 'pg'
import { ownerTransactionOn } from '../database/owner-transaction.js'
import { AppError } from '../errors.js'
import { stepsDown } from '../fleet/fleet-plan.js'
import { readLedger, type Ledger } from '../fleet/ledger.js'
import { loadMigrations, type Migration, type MigrationCatalogue } from '../fleet/migration-files.js'
import { scriptIn, searchPath, targetOf } from '../fleet/migration-message.js'
import { defaultPatience, undoStep } from '../fleet/step-runner.js'
import { requireSchema, type ModuleChange } from './change-modules.js'
import { lockEntitlements } from './entitlements.js'
import { writePlatformAudit, type PlatformActor } from './platform-audit.js'
import { underSchemaLock } from './schema-lock.js'
import { schemaOf, type TenantId } from './tenant-id.js'
import { listTenantModules, pickModule } from './tenant-modules.js'
import { requireNoOperation } from './tenant-operations.js'
import { announce, showTenant, type TenantRecord } from './tenant-record.js'

export interface PurgeOptions {
  readonly by?: PlatformActor | undefined
  /** The installation's own migrations by default. */
  readonly migrations?: MigrationCatalogue | undefined
  /** Milliseconds to wait for another process that works on the same tenant. */
  readonly wait?: number | undefined
}

/** Requests that still read the module have this long to end (ms). */
const DROP_LOCK_TIMEOUT = 10_000

/**
 * Drops the tables of a module that is disabled, with their rows, privileges and ledger; enabling it afterwards begins
 * with empty tables. There is no way back. Doing it again changes nothing. Throws CONFLICT while the module is enabled
 * or an operation on the tenant is not finished, and when its tables were made by a newer version of this program.
 */
export async function purgeModule(
  admin: pg.Pool,
  tenant: TenantId,
  name: string,
  options: PurgeOptions = {},
): Promise<ModuleChange> {
  const migrations = options.migrations ?? (await loadMigrations())
  return underSchemaLock(admin, schemaOf(tenant), options.wait, async (client) => {
    const record = await showTenant(client, tenant)
    await requireNoOperation(client, record)
    requireSchema(record)
    requireDisabled(record, pickModule(await listTenantModules(client, record), name).module)
    const ledger = await readLedger(client, schemaOf(tenant))
    const isThere = record.modules.includes(name) || ledger.appliedIn(schemaOf(tenant)).has(name)
    if (isThere) await drop(admin, client, record, name, downSteps(migrations, ledger, tenant, name), options)
    const after = await showTenant(client, tenant)
    const module = pickModule(await listTenantModules(client, after), name)
    return { tenant: after, module, changed: isThere }
  })
}

function requireDisabled({ tenant, entitledModules }: TenantRecord, module: string): void {
  if (!entitledModules.includes(module)) return
  throw new AppError(
    'CONFLICT',
    `The module ${module} of ${tenant} is enabled. Disable it first; then its data can be dropped.`,
    { tenant, module },
  )
}

/** Everything of the module that was applied, latest first. */
function downSteps(
  migrations: MigrationCatalogue,
  ledger: Ledger,
  tenant: TenantId,
  name: string,
): readonly Migration[] {
  const stream = migrations.modules.get(name)
  const applied = ledger.appliedIn(schemaOf(tenant)).get(name)?.size ?? 0
  const steps = stream === undefined ? [] : stepsDown(stream, ledger, targetOf(tenant), 0)
  if (steps.length === applied) return steps
  throw new AppError(
    'CONFLICT',
    `The module ${name} of ${tenant} has ${applied} migrations, of which this version knows ${steps.length}. Purge it with the version that made its tables.`,
    { tenant, module: name },
  )
}

/** What refuses a transaction goes first, each step with its ledger row; all the rest happens together or not at all. */
async function drop(
  admin: pg.Pool,
  client: pg.PoolClient,
  record: TenantRecord,
  module: string,
  steps: readonly Migration[],
  { by }: PurgeOptions,
): Promise<void> {
  const target = targetOf(record.tenant)
  const context = { observer: admin, patience: defaultPatience }
  const alone = steps.findLastIndex(({ down }) => !down.transactional) + 1
  for (const step of steps.slice(0, alone)) await undoStep(client, target, step, context)
  await ownerTransactionOn(client, async (transaction) => {
    await lockEntitlements(transaction, record)
    requireDisabled(await showTenant(transaction, record.tenant), module)
    await transaction.query(`set local lock_timeout = ${DROP_LOCK_TIMEOUT}; ${searchPath(target)}`)
    for (const { down } of steps.slice(alone)) await transaction.query(scriptIn(target, down))
    await transaction.query(
      '/* ledger.delete_module */ delete from public.schema_migrations where schema_name = $1 and module = $2',
      [target.schemaName, module],
    )
    await transaction.query(
      `/* tenants.uninstalled */
       update public.tenant_schemas set modules = array_remove(modules, $2),
         schema_versions = schema_versions - $2, required_versions = required_versions - $2, updated_at = now()
       where organization_id = $1`,
      [record.organizationId, module],
    )
    const { tenant, organizationId } = record
    const entry = { eventType: 'module.purged', category: 'configuration', target: tenant } as const
    await writePlatformAudit(transaction, { ...entry, organizationId, details: { module } }, by)
    await announce(transaction, tenant)
  })
}

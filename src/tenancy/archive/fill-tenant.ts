import type pg from 'pg'
import { copySettings, withCopyClient } from '../../database/copy.js'
import { ownerTransactionOn } from '../../database/owner-transaction.js'
import { planSchema } from '../../fleet/fleet-plan.js'
import { readLedger } from '../../fleet/ledger.js'
import { coreModule } from '../../fleet/migration-files.js'
import { targetOf } from '../../fleet/migration-message.js'
import { applyStep, defaultPatience } from '../../fleet/step-runner.js'
import { activate, applyRemainder, createSchema, type ProvisioningContext } from '../provisioning-steps.js'
import { fence, recordStep } from '../provisioning-sql.js'
import { schemaOf } from '../tenant-id.js'
import { closeOperation, noteInOperation } from '../tenant-operations.js'
import { showTenant, type TenantRecord } from '../tenant-record.js'
import type { CheckedArchive } from './check-archive.js'
import { quoted } from './exported-tables.js'
import type { OnTransfer } from './export-tenant.js'
import { loadRows } from './load-rows.js'

/** In this order, each done once or not at all; the last one makes the tenant routable. */
export const fillSteps = ['schema', 'remainder', 'rows', 'migrate', 'activate'] as const
export type FillStep = (typeof fillSteps)[number]

/** What filling a tenant's schema from an archive needs besides the archive. */
export interface FillOptions {
  /** Runs in the transaction that loads the rows, before foreign keys are made again. Resolves to facts to keep. */
  readonly adjust: (client: pg.PoolClient, record: TenantRecord) => Promise<object>
  /** Told before each step, and awaited. */
  readonly onStep?: ((step: FillStep) => void | Promise<void>) | undefined
  readonly onProgress?: OnTransfer | undefined
}

/**
 * Makes the schema an archive was taken from, loads its rows, brings it to this program's version and opens the
 * tenant: step by step, going on where a killed run has stopped. The tenant is `provisioning` meanwhile.
 */
export async function fillTenant(
  context: ProvisioningContext,
  archive: CheckedArchive,
  options: FillOptions,
): Promise<void> {
  const then = { ...context, migrations: archive.migrations }
  const work: Record<FillStep, (record: TenantRecord) => Promise<void>> = {
    // Made anew, never out of a spare: its tables are the archive's, of whatever version that was.
    schema: (record) => createSchema(then, record, archive.manifest.modules),
    remainder: (record) => applyRemainder(then, record),
    rows: (record) => fillRows(context, record, archive, options),
    migrate: (record) => migrate(context, record),
    activate: (record) =>
      activate(context, record, (transaction) => closeOperation(transaction, record.organizationId, 'done')),
  }
  for (const step of fillSteps) {
    const record = await showTenant(context.client, context.tenant)
    if (record.completedSteps.includes(step)) continue
    await options.onStep?.(step)
    await work[step](record)
  }
}

async function fillRows(
  { client, admin, leaseOwner }: ProvisioningContext,
  record: TenantRecord,
  archive: CheckedArchive,
  { adjust, onProgress }: FillOptions,
): Promise<void> {
  const schema = schemaOf(record.tenant)
  const load = async (transaction: pg.PoolClient): Promise<void> => {
    await transaction.query(`${copySettings}; set local search_path = ${schema}, public`)
    // A killed run whose last word was COMMIT may still be at it: it is waited for, and found to have been first.
    const { rows } = await transaction.query<{ done: boolean }>(
      `/* archive.claim */ select 'rows' = any(completed_steps) as done from public.tenant_schemas
       where organization_id = $1 for update`,
      [record.organizationId],
    )
    if (rows[0]?.done === true) return
    await transaction.query(recordStep(record, 'rows') + fence(record, leaseOwner))
    await loadRows(transaction, schema, archive, onProgress, async () => {
      const facts = await adjust(transaction, record)
      await noteInOperation(transaction, record.organizationId, { details: facts })
    })
  }
  await withCopyClient(admin, (copying) => ownerTransactionOn(copying, load))
  await client.query(`/* archive.analyze */ ${analyze(schema, archive)}`)
}

/** Fresh tables have no statistics, and the first plans would be made without. */
function analyze(schema: string, { manifest }: CheckedArchive): string {
  const tables = manifest.files.filter((file) => file.schema === 'tenant' && file.rows > 0)
  return tables.length === 0
    ? 'select'
    : `analyze ${tables.map(({ table }) => `${schema}.${quoted(table)}`).join(', ')}`
}

/** From the archive's versions to this program's, like any other tenant. */
async function migrate(
  { client, admin, migrations, leaseOwner }: ProvisioningContext,
  record: TenantRecord,
): Promise<void> {
  const target = targetOf(record.tenant)
  const ledger = await readLedger(client, target.schemaName)
  const { steps, defaultData } = planSchema(migrations, ledger, target, [coreModule, ...record.modules])
  for (const step of steps) {
    const isLast = step === steps.at(-1)
    await applyStep(client, target, step, isLast ? defaultData : [], {
      observer: admin,
      patience: defaultPatience,
    })
  }
  await ownerTransactionOn(client, (transaction) =>
    transaction.query(recordStep(record, 'migrate') + fence(record, leaseOwner)),
  )
}

import { lockKey, schemaLockName } from '../../database/advisory-lock.js'
import { ownerTransaction, ownerRole } from '../../database/owner-transaction.js'
import { isPostgresError } from '../../database/postgres-error.js'
import { coreModule } from '../../fleet/migration-files.js'
import { LOCK_NOT_AVAILABLE, raiseUnless } from '../../fleet/migration-message.js'
import { defaultPatience } from '../../fleet/step-runner.js'
import { defaultRows, originOf } from './default-rows.js'
import { fence, LEASE_LOST, NOT_THE_LAST, recordInstalled } from '../provisioning-sql.js'
import type { ProvisioningContext } from '../provisioning-steps.js'
import { parseSpareName, type SpareName } from './spare-name.js'
import { CONTENTS, contentsOf } from './spare-schemas.js'
import { schemaOf, type TenantId } from '../tenant-id.js'
import type { TenantRecord } from '../tenant-record.js'

/** What says nothing about the spare: its name is taken, or somebody is in the way. */
const NOT_ITS_FAULT = new Set(['42P06', '42710', '23505', LOCK_NOT_AVAILABLE, LEASE_LOST])

/**
 * Makes a spare schema the tenant's: it and its role are renamed and its ledger follows, in the one transaction that
 * records the step. Resolves to false, with nothing done, when there is no spare with just these modules at just this
 * version and with today's default rows, or when something is in the way: then the schema is made anew. A spare that
 * cannot be handed out is marked and never tried again. Throws when the tenant is no longer ours.
 */
export async function handOutSpare(
  context: ProvisioningContext,
  record: TenantRecord,
  modules: readonly string[],
): Promise<boolean> {
  const { client } = context
  let spare: SpareName | undefined
  try {
    spare = await pickSpare(context, modules)
    if (spare === undefined) {
      await client.query('rollback')
      return false
    }
    await context.onSpare?.(spare)
    await client.query(handOutMessage(context, record, spare, modules))
    return true
  } catch (error) {
    await client.query('rollback').catch(() => {})
    if (isPostgresError(error) && error.code === LEASE_LOST) throw error
    if (spare !== undefined) await markFailed(context, spare, error)
    return false
  }
}

/** Begins a transaction and locks the oldest spare that fits and that nobody else is handing out. */
async function pickSpare(
  { client, migrations }: ProvisioningContext,
  modules: readonly string[],
): Promise<SpareName | undefined> {
  const begun = client.query(
    `begin; set local lock_timeout = ${defaultPatience.lockTimeout}; set local role ${ownerRole}`,
  )
  const picked = client.query<{ schema_name: string }>(
    `/* spares.pick */
     select s.schema_name from public.spare_schemas s
     where s.status = 'ready' and s.modules = $1 and ${CONTENTS} = $2
       and s.default_rows = ${originOf(defaultRows(migrations, modules))}
     order by s.created_at limit 1 for update of s skip locked`,
    [[...modules].sort(), contentsOf(migrations, modules)],
  )
  // Both are on their way before the first answers.
  const [, { rows }] = await Promise.all([begun, picked])
  return rows[0] === undefined ? undefined : parseSpareName(rows[0].schema_name)
}

function handOutMessage(
  { migrations, leaseOwner }: ProvisioningContext,
  record: TenantRecord,
  spare: SpareName,
  modules: readonly string[],
): string {
  const { tenant } = record
  const applied = [...migrations.modules.values()]
    .filter(({ module }) => module === coreModule || modules.includes(module))
    .flatMap((stream) => stream.migrations)
  return [
    '/* provisioning.hand_out */ ',
    lockBoth(tenant, spare),
    NOT_THE_LAST,
    fence(record, leaseOwner),
    rename(tenant, spare),
    recordInstalled(record, modules, applied, 'schema'),
    'commit',
  ].join('')
}

/** Nobody migrates the spare, or makes the tenant's schema, at the same time. */
function lockBoth(tenant: TenantId, spare: SpareName): string {
  const locks = [schemaOf(tenant), spare].map((name) => lockKey(schemaLockName(name)))
  return raiseUnless(
    locks.map((key) => `pg_try_advisory_xact_lock(${key})`).join(' and '),
    LOCK_NOT_AVAILABLE,
    `schema ${schemaOf(tenant)} or ${spare} is being changed by another session`,
  )
}

/** Grants name the role by its number, so they are the tenant's from here on. */
function rename(tenant: TenantId, spare: SpareName): string {
  const schema = schemaOf(tenant)
  return (
    `/* spares.hand_out */ alter schema "${spare}" rename to "${schema}";\n` +
    `alter role "${spare}" rename to "${schema}";\n` +
    `update public.schema_migrations set schema_name = '${schema}' where schema_name = '${spare}';\n` +
    `delete from public.spare_schemas where schema_name = '${spare}';\n`
  )
}

async function markFailed({ admin }: ProvisioningContext, spare: SpareName, cause: unknown): Promise<void> {
  if (!isPostgresError(cause) || NOT_ITS_FAULT.has(cause.code)) return
  await ownerTransaction(admin, (transaction) =>
    transaction.query(
      `/* spares.fail */
       update public.spare_schemas set status = 'failed', last_error = $2, updated_at = now() where schema_name = $1`,
      [spare, cause.message],
    ),
  ).catch(() => {})
}

import type pg from 'pg'
import type { Queryable } from '../database/advisory-lock.js'
import { ownerTransaction, ownerTransactionOn } from '../database/owner-transaction.js'
import { AppError } from '../errors.js'
import type { PlatformActor } from './platform-audit.js'
import { underSchemaLock } from './schema-lock.js'
import { parseTenantId, roleOf, schemaOf, type TenantId } from './tenant-id.js'
import { requireNoOperation } from './tenant-operations.js'
import { moveTenant, showTenant, type TenantRecord } from './tenant-record.js'
import type { TenantState } from './tenant-states.js'

export interface DeleteOptions {
  /** Drop the data now. Otherwise the tenant stops being served and keeps its data for the days of grace. */
  readonly immediately: boolean
  /** Days until `purgeTenants` drops the data; 30 by default. */
  readonly graceDays?: number | undefined
  readonly by?: PlatformActor | undefined
  /** Milliseconds to wait for another process that works on the same tenant. */
  readonly wait?: number | undefined
}

export interface DeletionOutcome {
  readonly tenant: TenantRecord
  /** Whether schema and rows are gone. */
  readonly dropped: boolean
  /** The database role is still there, because another database of the cluster uses it. */
  readonly roleKept: boolean
}

const DEFAULT_GRACE_DAYS = 30
/** Requests that were running when the tenant stopped being served have this long to end (ms). */
const DROP_LOCK_TIMEOUT = 10_000

/**
 * Stops serving a tenant for good and drops its data, now or after the days of grace. Its id is never used again: the
 * organization's row stays without personal data, so that the audit log's ids keep a meaning. People keep their
 * accounts, which may belong to other organizations too. Throws CONFLICT when the tenant's state does not allow it;
 * when dropping fails, the tenant is `failed` and deleting again goes on from there.
 */
export async function deleteTenant(
  admin: pg.Pool,
  tenant: TenantId,
  options: DeleteOptions,
): Promise<DeletionOutcome> {
  return underSchemaLock(admin, schemaOf(tenant), options.wait, async (client) => {
    const record = await beginDeletion(client, tenant, options)
    if (record.state === 'deleted' || !options.immediately) return outcome(client, tenant)
    return drop(admin, client, record, options.by)
  })
}

/** States that deleting can be taken back to. */
const COMES_BACK_TO: readonly TenantState[] = ['active', 'suspended', 'archived']

/**
 * Takes a deletion back during the days of grace: the tenant is what it was before. Doing it twice changes nothing.
 * Throws CONFLICT when its data is gone, or when it never was complete.
 */
export async function undeleteTenant(
  admin: pg.Pool,
  tenant: TenantId,
  by?: PlatformActor,
): Promise<TenantRecord> {
  return ownerTransaction(admin, async (transaction) => {
    const record = await showTenant(transaction, tenant)
    if (COMES_BACK_TO.includes(record.state)) return record
    const { rows } = await transaction.query<{ deleted_from: TenantState | null }>(
      `/* tenants.deleted_from */ select deleted_from from public.tenant_schemas
       where organization_id = $1 for update`,
      [record.organizationId],
    )
    const to = COMES_BACK_TO.find((state) => state === rows[0]?.deleted_from)
    if (record.state !== 'deprovisioning' || to === undefined) {
      throw new AppError('CONFLICT', `Tenant ${tenant} is ${record.state} and cannot be brought back.`, {
        tenant,
        state: record.state,
      })
    }
    await transaction.query(
      `/* tenants.undelete */ update public.tenant_schemas set delete_after = null, deleted_from = null
       where organization_id = $1`,
      [record.organizationId],
    )
    await moveTenant(transaction, record, to, { by, details: { undeleted: true } })
    return showTenant(transaction, tenant)
  })
}

/** Drops every tenant whose days of grace are over, one after another; one that fails stops nobody else. */
export async function purgeTenants(
  admin: pg.Pool,
  by?: PlatformActor,
): Promise<{ readonly purged: readonly DeletionOutcome[]; readonly failed: readonly TenantId[] }> {
  const { rows } = await admin.query<{ org_key: string }>(
    `/* tenants.due */
     select o.org_key from public.tenant_schemas t join public.organizations o on o.id = t.organization_id
     where t.delete_after <= now() and (t.state = 'deprovisioning'
       or t.state = 'failed' and t.previous_state = 'deprovisioning')
     order by t.delete_after`,
  )
  const purged: DeletionOutcome[] = []
  const failed: TenantId[] = []
  for (const tenant of rows.map(({ org_key }) => parseTenantId(org_key))) {
    try {
      purged.push(await deleteTenant(admin, tenant, { immediately: true, by }))
    } catch {
      failed.push(tenant)
    }
  }
  return { purged, failed }
}

/** Moves the tenant out of service; asking again can only bring the moment of dropping nearer. */
async function beginDeletion(
  client: pg.PoolClient,
  tenant: TenantId,
  { by, immediately, graceDays = DEFAULT_GRACE_DAYS }: DeleteOptions,
): Promise<TenantRecord> {
  const days = immediately ? 0 : graceDays
  return ownerTransactionOn(client, async (transaction) => {
    const record = await showTenant(transaction, tenant)
    if (record.state === 'deleted') return record
    await requireNoOperation(transaction, record)
    if (record.state !== 'deprovisioning') {
      await moveTenant(transaction, record, 'deprovisioning', { by, details: { graceDays: days } })
    }
    await transaction.query(
      `/* tenants.delete_after */
       update public.tenant_schemas
       set delete_after = least(delete_after, now() + make_interval(days => $2)), lease_owner = null,
         lease_until = null, current_step = null, deleted_from = coalesce(deleted_from, $3)
       where organization_id = $1`,
      [record.organizationId, days, record.state],
    )
    return showTenant(transaction, tenant)
  })
}

async function drop(
  admin: pg.Pool,
  client: pg.PoolClient,
  record: TenantRecord,
  by: PlatformActor | undefined,
): Promise<DeletionOutcome> {
  try {
    await ownerTransactionOn(client, async (transaction) => {
      await transaction.query(dropSchemaAndRole(record.tenant))
      await removeOrganizationRows(transaction, record.organizationId)
      await transaction.query(
        '/* ledger.delete */ delete from public.schema_migrations where schema_name = $1',
        [schemaOf(record.tenant)],
      )
      await bury(transaction, record.organizationId)
      await moveTenant(transaction, record, 'deleted', { by })
    })
  } catch (cause) {
    await recordFailure(admin, record.tenant, cause, by)
    throw cause
  }
  return outcome(client, record.tenant)
}

/** The role stays when an object of another database in the cluster depends on it. */
export function dropSchemaAndRole(tenant: TenantId): string {
  return (
    `set local lock_timeout = ${DROP_LOCK_TIMEOUT};\n` +
    `/* tenants.drop */ drop schema if exists "${schemaOf(tenant)}" cascade;\n` +
    `do $orgscope$ begin drop role if exists "${roleOf(tenant)}"; ` +
    `exception when dependent_objects_still_exist then null; end $orgscope$`
  )
}

interface Reference {
  readonly place: string
  readonly column: string
  readonly on_delete: 'c' | 'n'
}

/**
 * Does to every shared row what its foreign key would do if the organization's row were deleted: rows it owns go,
 * links to it are emptied. Read from the catalogue, so a table of a later release is not forgotten.
 */
export async function removeOrganizationRows(db: Queryable, organizationId: string): Promise<void> {
  const { rows } = await db.query<Reference>(
    `/* tenants.references */
     select format('%I.%I', n.nspname, c.relname) as place, quote_ident(a.attname) as column,
       f.confdeltype as on_delete
     from pg_constraint f
     join pg_class c on c.oid = f.conrelid
     join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[1]
     where f.contype = 'f' and f.confrelid = 'public.organizations'::regclass and f.confdeltype in ('c', 'n')
     order by place, "column"`,
  )
  for (const { place, column, on_delete } of rows) {
    const sql =
      on_delete === 'c'
        ? `delete from ${place} where ${column} = $1`
        : `update ${place} set ${column} = null where ${column} = $1`
    await db.query(`/* tenants.remove_rows */ ${sql}`, [organizationId])
  }
  await db.query(
    '/* tenants.remove_wakeups */ delete from public.tenant_wakeups where organization_id = $1',
    [organizationId],
  )
}

/** What remains of the organization names no person and holds no name that another one could want. */
async function bury(db: Queryable, organizationId: string): Promise<void> {
  await db.query(
    `/* organizations.bury */
     update public.organizations set deleted_at = now(), updated_at = now(), slug = 'deleted-' || id,
       admin_email = null, contact_email = null, contact_number = null, primary_contact_name = null,
       primary_contact_email = null, primary_contact_phone = null, billing_contact_email = null, address = null,
       zip_code = null, domain = null, created_by = null
     where id = $1`,
    [organizationId],
  )
  await db.query(
    `/* tenants.bury */
     update public.tenant_schemas set modules = '{}', schema_versions = '{}', required_versions = '{}', completed_steps = '{}',
       last_error = null, last_error_at = null
     where organization_id = $1`,
    [organizationId],
  )
}

async function recordFailure(
  admin: pg.Pool,
  tenant: TenantId,
  cause: unknown,
  by: PlatformActor | undefined,
): Promise<void> {
  const error = cause instanceof Error ? cause.message : String(cause)
  await ownerTransaction(admin, async (transaction) => {
    const record = await showTenant(transaction, tenant)
    if (record.state === 'deprovisioning') await moveTenant(transaction, record, 'failed', { by, error })
  }).catch(() => {})
}

async function outcome(db: Queryable, tenant: TenantId): Promise<DeletionOutcome> {
  const record = await showTenant(db, tenant)
  const { rows } = await db.query('/* roles.exists */ select from pg_roles where rolname = $1', [
    roleOf(tenant),
  ])
  const dropped = record.state === 'deleted'
  return { tenant: record, dropped, roleKept: dropped && rows.length > 0 }
}

import { join } from 'node:path'
import type pg from 'pg'
import { ownerTransactionOn } from '../../database/owner-transaction.js'
import { AppError } from '../../errors.js'
import { readLedger } from '../../fleet/ledger.js'
import type { MigrationCatalogue } from '../../fleet/migration-files.js'
import type { PlatformActor } from '../platform-audit.js'
import { roleOf, schemaOf, type TenantId } from '../tenant-id.js'
import { dropSchemaAndRole } from '../tenant-deletion.js'
import { underSchemaLock } from '../schema-lock.js'
import { closeOperation, findOpenOperation, noteInOperation, openOperation } from '../tenant-operations.js'
import { moveTenant, showTenant, type TenantRecord } from '../tenant-record.js'
import { checkArchive, type CheckedArchive } from './check-archive.js'
import { exportTenant, type OnTransfer } from './export-tenant.js'

/** In this order; every one is done once or again without harm. */
export const archiveSteps = ['suspend', 'export', 'verify', 'drop'] as const
export type ArchiveStep = (typeof archiveSteps)[number]

export interface ArchiveOptions {
  /** Folder in which the archive gets a folder of its own. */
  readonly directory: string
  readonly migrations: MigrationCatalogue
  readonly by?: PlatformActor | undefined
  readonly wait?: number | undefined
  readonly onStep?: ((step: ArchiveStep) => void | Promise<void>) | undefined
  readonly onProgress?: OnTransfer | undefined
}

/**
 * Takes a tenant out of the database and into a folder, from which it can be restored. It is suspended, written down
 * when its last writer is done, read back, and only then dropped; organization, people and keys stay. A killed run
 * leaves it suspended and is finished by the next one. Throws CONFLICT for a tenant in another state.
 */
export async function archiveTenant(
  admin: pg.Pool,
  tenant: TenantId,
  options: ArchiveOptions,
): Promise<{ readonly tenant: TenantRecord; readonly folder: string }> {
  const work = async (client: pg.PoolClient): ReturnType<typeof archiveTenant> => {
    const record = await showTenant(client, tenant)
    if (record.state !== 'archived') await archive(admin, client, record, options)
    return { tenant: await showTenant(client, tenant), folder: await archiveLocation(client, record) }
  }
  return underSchemaLock(admin, schemaOf(tenant), options.wait, work)
}

/** Where the archive of an archived tenant lies. Throws NOT_FOUND. */
export async function archiveLocation(
  db: pg.PoolClient,
  { organizationId, tenant }: TenantRecord,
): Promise<string> {
  const { rows } = await db.query<{ location: string | null }>(
    '/* tenants.archive */ select archive_location as location from public.tenant_schemas where organization_id = $1',
    [organizationId],
  )
  const location = rows[0]?.location
  if (location !== null && location !== undefined) return location
  throw new AppError('NOT_FOUND', `Nobody knows where the archive of ${tenant} is. Name it with --from.`, {
    tenant,
  })
}

async function archive(
  admin: pg.Pool,
  client: pg.PoolClient,
  record: TenantRecord,
  options: ArchiveOptions,
): Promise<void> {
  await options.onStep?.('suspend')
  await closeTenant(client, record, options.by)
  for (;;) {
    const written = await writtenArchive(admin, client, record, options)
    await options.onStep?.('drop')
    if (await dropSchema(client, record.tenant, written, options.by)) return
  }
}

/** Nobody writes from here on: neither a gateway that has not heard of it, nor a statement that was on its way. */
async function closeTenant(
  client: pg.PoolClient,
  { tenant }: TenantRecord,
  by: PlatformActor | undefined,
): Promise<void> {
  await ownerTransactionOn(client, async (transaction) => {
    const record = await showTenant(transaction, tenant)
    const open = await findOpenOperation(transaction, record.organizationId)
    if (
      (record.state !== 'active' && record.state !== 'suspended') ||
      (open !== undefined && open.kind !== 'archive')
    ) {
      throw new AppError(
        'CONFLICT',
        `Tenant ${tenant} is ${open?.kind ?? record.state}; only an active or suspended one can be archived.`,
        { tenant, state: record.state },
      )
    }
    await openOperation(transaction, record.organizationId, {
      kind: 'archive',
      source: open?.source ?? null,
      digest: open?.digest ?? null,
      details: { from: record.state },
    })
    await transaction.query(
      `/* archive.close */ revoke usage on schema ${schemaOf(tenant)} from ${roleOf(tenant)}`,
    )
    if (record.state === 'active') {
      await moveTenant(transaction, record, 'suspended', { by, details: { reason: 'archiving' } })
    }
  })
}

/** The archive an interrupted run has finished, when it is whole; otherwise a new one. Both are read back. */
async function writtenArchive(
  admin: pg.Pool,
  client: pg.PoolClient,
  { tenant, organizationId }: TenantRecord,
  { directory, migrations, by, onStep, onProgress }: ArchiveOptions,
): Promise<CheckedArchive> {
  const open = await findOpenOperation(client, organizationId)
  if (open?.source != null) {
    const earlier = await checkArchive(open.source, migrations, onProgress).catch(() => undefined)
    if (earlier !== undefined && earlier.digest === open.digest && (await isCurrent(client, earlier)))
      return earlier
  }
  await onStep?.('export')
  const folder = join(directory, `${tenant}-${new Date().toISOString().replace(/[-:.]/g, '')}`)
  const { digest } = await exportTenant(admin, tenant, folder, { by, onProgress, lockTables: true })
  await onStep?.('verify')
  const checked = await checkArchive(folder, migrations, onProgress)
  await ownerTransactionOn(client, (transaction) =>
    noteInOperation(transaction, organizationId, { source: checked.folder, digest }),
  )
  return checked
}

/** Whether nothing was migrated since: a fleet run takes suspended tenants along. */
async function isCurrent(client: pg.PoolClient, { manifest }: CheckedArchive): Promise<boolean> {
  const schema = `org_${manifest.tenant}`
  const applied = (await readLedger(client, schema)).appliedIn(schema)
  const known = [...applied.values()].reduce((sum, versions) => sum + versions.size, 0)
  return (
    known === manifest.migrations.length &&
    manifest.migrations.every(({ module, version }) => applied.get(module)?.has(version) === true)
  )
}

/** Resolves to false when the archive is behind, because a migration came in between. */
async function dropSchema(
  client: pg.PoolClient,
  tenant: TenantId,
  archived: CheckedArchive,
  by: PlatformActor | undefined,
): Promise<boolean> {
  if (!(await isCurrent(client, archived))) return false
  await ownerTransactionOn(client, async (transaction) => {
    const record = await showTenant(transaction, tenant)
    await forgetSchema(transaction, record)
    await transaction.query(
      '/* tenants.archived */ update public.tenant_schemas set archive_location = $2 where organization_id = $1',
      [record.organizationId, archived.folder],
    )
    await closeOperation(transaction, record.organizationId, 'done')
    await moveTenant(transaction, record, 'archived', {
      by,
      details: { folder: archived.folder, digest: archived.digest },
    })
  })
  return true
}

/** Drops a tenant's schema and role, and what is recorded of them; the organization stays. */
export async function forgetSchema(transaction: pg.PoolClient, record: TenantRecord): Promise<void> {
  await transaction.query(dropSchemaAndRole(record.tenant))
  await transaction.query('/* ledger.delete */ delete from public.schema_migrations where schema_name = $1', [
    schemaOf(record.tenant),
  ])
  await transaction.query(
    `/* tenants.forget_schema */
     update public.tenant_schemas set modules = '{}', schema_versions = '{}', required_versions = '{}', completed_steps = '{}',
       current_step = null, lease_owner = null, lease_until = null
     where organization_id = $1`,
    [record.organizationId],
  )
}

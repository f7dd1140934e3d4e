import type pg from 'pg'
import { ownerTransaction, ownerTransactionOn } from '../../database/owner-transaction.js'
import { AppError } from '../../errors.js'
import type { MigrationCatalogue } from '../../fleet/migration-files.js'
import type { PlatformActor } from '../platform-audit.js'
import { newLeaseOwner } from '../../database/lease-owner.js'
import { claim } from '../provisioner.js'
import { schemaOf, type TenantId } from '../tenant-id.js'
import { underSchemaLock } from '../schema-lock.js'
import { closeOperation, findOpenOperation, openOperation } from '../tenant-operations.js'
import { moveTenant, showTenant, type TenantRecord } from '../tenant-record.js'
import { archiveLocation, forgetSchema } from './archive-tenant.js'
import { checkArchive, type CheckedArchive } from './check-archive.js'
import { fillTenant, type FillOptions } from './fill-tenant.js'

export interface RestoreOptions extends Pick<FillOptions, 'onStep' | 'onProgress'> {
  /** The archive; the one the tenant was archived into by default. */
  readonly from?: string | undefined
  readonly migrations: MigrationCatalogue
  readonly by?: PlatformActor | undefined
  readonly wait?: number | undefined
}

/**
 * Brings an archived tenant back and serves it again; its people and keys are those it has here. A failure leaves it
 * archived, a killed run is finished by the next one. Throws CONFLICT for a tenant in another state, BAD_USER_INPUT
 * for an archive of somebody else.
 */
export async function restoreTenant(
  admin: pg.Pool,
  tenant: TenantId,
  options: RestoreOptions,
): Promise<TenantRecord> {
  const work = async (client: pg.PoolClient): Promise<TenantRecord> =>
    restore(admin, client, await restorable(client, tenant), options)
  return underSchemaLock(admin, schemaOf(tenant), options.wait, work)
}

async function restorable(client: pg.PoolClient, tenant: TenantId): Promise<TenantRecord> {
  const record = await showTenant(client, tenant)
  const open = await findOpenOperation(client, record.organizationId)
  if (record.state === 'archived' || open?.kind === 'restore') return record
  throw new AppError(
    'CONFLICT',
    `Tenant ${tenant} is ${record.state}; only an archived one can be restored.`,
    {
      tenant,
      state: record.state,
    },
  )
}

async function restore(
  admin: pg.Pool,
  client: pg.PoolClient,
  record: TenantRecord,
  { from, migrations, by, onStep, onProgress }: RestoreOptions,
): Promise<TenantRecord> {
  const { tenant, organizationId } = record
  const archive = await checkArchive(from ?? (await archiveLocation(client, record)), migrations, onProgress)
  requireOwn(record, archive)
  try {
    const { folder: source, digest } = archive
    const open = await findOpenOperation(client, organizationId)
    // Rows of one archive and steps of another do not go together.
    if (open !== undefined && open.digest !== digest)
      await ownerTransactionOn(client, (db) => undoRestore(db, record))
    await ownerTransactionOn(client, (db) =>
      openOperation(db, organizationId, { kind: 'restore', source, digest }),
    )
    const context = { client, admin, tenant, migrations, by, leaseOwner: newLeaseOwner() }
    await claim(context, await showTenant(client, tenant))
    await fillTenant(context, archive, { onStep, onProgress, adjust: async () => ({}) })
    return await showTenant(client, tenant)
  } catch (error) {
    await ownerTransaction(admin, async (db) => undoRestore(db, await showTenant(db, tenant), error)).catch(
      () => {},
    )
    throw error
  }
}

function requireOwn({ tenant, organizationId }: TenantRecord, { folder, manifest }: CheckedArchive): void {
  if (manifest.tenant === tenant && manifest.organization.id === organizationId) return
  throw new AppError(
    'BAD_USER_INPUT',
    `${folder} is an archive of ${manifest.tenant}, not of this tenant ${tenant}.`,
    {
      archive: folder,
    },
  )
}

/** Takes back a restore that was not finished: the tenant is archived as before. */
export async function undoRestore(db: pg.PoolClient, record: TenantRecord, cause?: unknown): Promise<void> {
  if (record.state === 'provisioning') {
    await forgetSchema(db, record)
    const reason = cause instanceof Error ? { failure: cause.message } : {}
    await moveTenant(db, record, 'archived', { details: { undone: 'restore', ...reason } })
  }
  await closeOperation(db, record.organizationId, 'undone')
}

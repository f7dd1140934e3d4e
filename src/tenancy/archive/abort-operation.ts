import type pg from 'pg'
import { ownerTransactionOn } from '../../database/owner-transaction.js'
import { AppError } from '../../errors.js'
import type { PlatformActor } from '../platform-audit.js'
import { roleOf, schemaOf, type TenantId } from '../tenant-id.js'
import { underSchemaLock } from '../schema-lock.js'
import { closeOperation, findOpenOperation, type TenantOperation } from '../tenant-operations.js'
import { moveTenant, showTenant } from '../tenant-record.js'
import { undoRestore } from './restore-tenant.js'
import { undoImport } from './undo-import.js'

const DEFAULT_WAIT = 5_000

/**
 * Takes back what an interrupted operation has done: an imported tenant or a clone is gone, one that was to be
 * restored is archived, one that was to be archived is served as before. Throws NOT_FOUND when nothing is open, and
 * CONFLICT while the operation still runs.
 */
export async function abortOperation(
  admin: pg.Pool,
  tenant: TenantId,
  { by, wait = DEFAULT_WAIT }: { readonly by?: PlatformActor; readonly wait?: number } = {},
): Promise<TenantOperation['kind']> {
  const work = (client: pg.PoolClient): Promise<TenantOperation['kind']> =>
    ownerTransactionOn(client, (db) => abort(db, tenant, by))
  return underSchemaLock(admin, schemaOf(tenant), wait, work)
}

async function abort(
  db: pg.PoolClient,
  tenant: TenantId,
  by: PlatformActor | undefined,
): Promise<TenantOperation['kind']> {
  const record = await showTenant(db, tenant)
  const open = await findOpenOperation(db, record.organizationId)
  if (open === undefined) {
    throw new AppError(
      'NOT_FOUND',
      `No operation of tenant ${tenant} is open; there is nothing to take back.`,
      { tenant },
    )
  }
  if (open.kind === 'restore') await undoRestore(db, record)
  else if (open.kind !== 'archive') await undoImport(db, record)
  else {
    await db.query(`/* archive.reopen */ grant usage on schema ${schemaOf(tenant)} to ${roleOf(tenant)}`)
    await closeOperation(db, record.organizationId, 'undone')
    if (open.details['from'] === 'active')
      await moveTenant(db, record, 'active', { by, details: { undone: 'archive' } })
  }
  return open.kind
}

import type pg from 'pg'
import { ownerTransaction } from '../database/owner-transaction.js'
import { AppError } from '../errors.js'
import { writePlatformAudit, type PlatformActor } from './platform-audit.js'
import type { TenantId } from './tenant-id.js'
import { requireNoOperation } from './tenant-operations.js'
import { announce, showTenant, type TenantRecord } from './tenant-record.js'
import { refusalOf } from './tenant-request.js'

/**
 * Gives an organization another name, another slug, or both; its id, schema and role never change. The same again
 * changes nothing. Throws CONFLICT_DUPLICATE when another organization has it, BAD_USER_INPUT for what is no slug,
 * CONFLICT while an operation on it is not finished.
 */
export async function renameTenant(
  admin: pg.Pool,
  tenant: TenantId,
  wanted: { readonly name?: string | undefined; readonly slug?: string | undefined },
  by?: PlatformActor,
): Promise<TenantRecord> {
  return ownerTransaction(admin, async (db) => {
    const record = await showTenant(db, tenant)
    if (record.state === 'deprovisioning' || record.state === 'deleted') {
      throw new AppError('CONFLICT', `Tenant ${tenant} is ${record.state} and keeps its name.`, { tenant })
    }
    await requireNoOperation(db, record)
    const name = checkedName(wanted.name ?? record.name)
    const slug = wanted.slug ?? record.slug
    if (name === record.name && slug === record.slug) return record
    await db
      .query(
        '/* organizations.rename */ update public.organizations set name = $2, slug = $3, updated_at = now() where id = $1',
        [record.organizationId, name, slug],
      )
      .catch((error: unknown) => {
        throw refusalOf(error, name, slug) ?? error
      })
    await writePlatformAudit(
      db,
      {
        eventType: 'tenant.renamed',
        category: 'provisioning',
        organizationId: record.organizationId,
        target: tenant,
        details: { name: { from: record.name, to: name }, slug: { from: record.slug, to: slug } },
      },
      by,
    )
    await announce(db, tenant)
    return showTenant(db, tenant)
  })
}

function checkedName(name: string): string {
  const trimmed = name.trim()
  if (trimmed.length > 0 && trimmed.length <= 200) return trimmed
  throw new AppError('BAD_USER_INPUT', 'A name has 1 to 200 characters.', { field: 'name' })
}

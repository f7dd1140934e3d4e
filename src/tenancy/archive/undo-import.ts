import type { Queryable } from '../../database/advisory-lock.js'
import { writePlatformAudit } from '../platform-audit.js'
import { dropSchemaAndRole, removeOrganizationRows } from '../tenant-deletion.js'
import { schemaOf } from '../tenant-id.js'
import { findOpenOperation } from '../tenant-operations.js'
import { announce, type TenantRecord } from '../tenant-record.js'

/**
 * Takes back an import or a clone that was never finished: schema, role, organization, and the accounts it made, in
 * the caller's transaction. Its id is free again, because nobody ever worked under it.
 */
export async function undoImport(db: Queryable, record: TenantRecord, cause?: unknown): Promise<void> {
  const { tenant, organizationId } = record
  const open = await findOpenOperation(db, organizationId)
  const made = (open?.details['createdIdentities'] ?? []) as readonly string[]
  await db.query(dropSchemaAndRole(tenant))
  await removeOrganizationRows(db, organizationId)
  await db.query(
    `/* archive.undo_identities */ delete from public.identities i where i.id = any($1)
     and not exists (select from public.memberships m where m.identity_id = i.id)`,
    [made],
  )
  await db.query('/* ledger.delete */ delete from public.schema_migrations where schema_name = $1', [
    schemaOf(tenant),
  ])
  await db.query('/* archive.undo_tenant */ delete from public.tenant_schemas where organization_id = $1', [
    organizationId,
  ])
  await db.query('/* archive.undo_organization */ delete from public.organizations where id = $1', [
    organizationId,
  ])
  await writePlatformAudit(db, {
    eventType: 'tenant.import_undone',
    category: 'provisioning',
    organizationId,
    target: tenant,
    result: cause === undefined ? 'success' : 'failure',
    reason: cause instanceof Error ? cause.message : undefined,
    details: { operation: open?.kind, archive: open?.source },
  })
  await announce(db, tenant)
}

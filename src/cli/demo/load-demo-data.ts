import type pg from 'pg'
import { hasDemoUsage, loadDemoUsage } from '../../modules/usage/demo-usage.js'
import { tenantScope } from '../../tenancy/session-scope.js'
import { inWriteSession } from '../../tenancy/session.js'
import type { TenantManifest } from '../../tenancy/tenant-manifest.js'
import type { TenantRecord } from '../../tenancy/tenant-record.js'

/** Milliseconds a statement of demo data may take. */
const STATEMENT_TIMEOUT = 30_000

/**
 * Loads the demo data a manifest names, as far as installed modules hold it, as the tenant itself. Loading it again
 * adds nothing. Resolves to the number of usage events that were new.
 */
export async function loadDemoData(
  gateway: pg.Pool,
  { demo_data: name, admin, members }: TenantManifest,
  { tenant, organizationId, modules, createdAt, state }: TenantRecord,
): Promise<number> {
  if (name === undefined || state !== 'active') return 0
  if (!modules.includes('usage') || !hasDemoUsage(name)) return 0
  const scope = tenantScope(tenant, organizationId)
  const emails = [...new Set([admin, ...members].map(({ email }) => email.toLowerCase()))]
  return inWriteSession(gateway, scope, { statementTimeout: STATEMENT_TIMEOUT }, (session) =>
    loadDemoUsage(session, { name, emails, createdAt }),
  )
}

import type pg from 'pg'
import type { MigrationCatalogue } from '../../src/fleet/migration-files.js'
import { provisionTenant, type ProvisionOptions } from '../../src/tenancy/provisioner.js'
import { schemaOf, type TenantId } from '../../src/tenancy/tenant-id.js'
import { requestTenant } from '../../src/tenancy/tenant-request.js'
import { uniqueTenant } from './database.js'

export interface NewTenant {
  readonly tenant?: TenantId
  readonly modules?: readonly string[]
  readonly migrations?: MigrationCatalogue
  readonly onSpare?: ProvisionOptions['onSpare']
}

/** An active tenant of a test's own. */
export async function newTenant(
  admin: pg.Pool,
  { tenant = uniqueTenant(), modules = [], migrations, onSpare }: NewTenant = {},
): Promise<TenantId> {
  await requestTenant(admin, { tenant, name: `Organization ${tenant}`, modules })
  await provisionTenant(admin, tenant, { migrations, onSpare })
  return tenant
}

/** Tables of a schema, in order. */
export async function tablesOf(admin: pg.Pool, tenant: TenantId | 'public'): Promise<string[]> {
  const schema = tenant === 'public' ? tenant : schemaOf(tenant)
  const { rows } = await admin.query<{ name: string }>(
    `select c.relname::text as name from pg_class c
     where c.relnamespace = (select oid from pg_namespace where nspname = $1) and c.relkind in ('r', 'p')
     order by 1`,
    [schema],
  )
  return rows.map(({ name }) => name)
}

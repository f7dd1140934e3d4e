import type { Queryable } from '../database/advisory-lock.js'
import { AppError } from '../errors.js'
import { parseTenantId, type TenantId } from '../tenancy/tenant-id.js'
import type { TenantState } from '../tenancy/tenant-states.js'
import { coreModule } from './migration-files.js'

/** A tenant whose schema exists. */
export interface FleetTenant {
  readonly tenant: TenantId
  readonly state: TenantState
  /** Installed modules, core first. */
  readonly modules: readonly string[]
}

/** Which tenants a command is about; by default all. */
export interface TenantSelection {
  readonly only?: readonly TenantId[] | undefined
  readonly except?: readonly TenantId[] | undefined
}

/**
 * Tenants with a schema, by id. Those being created or deleted are left to the provisioner, which brings a new one to
 * the latest version itself. Throws NOT_FOUND when `only` names one that is not among them.
 */
export async function readFleet(
  db: Queryable,
  { only, except = [] }: TenantSelection,
): Promise<FleetTenant[]> {
  const { rows } = await db.query<{ org_key: string; state: TenantState; modules: string[] }>(
    `/* fleet.tenants */
     select o.org_key, t.state, t.modules
     from public.tenant_schemas t join public.organizations o on o.id = t.organization_id
     where t.state in ('active', 'suspended') and ($1::text[] is null or o.org_key = any($1))
       and o.org_key <> all($2) order by o.org_key`,
    [only ?? null, except],
  )
  const missing = (only ?? []).filter((id) => !except.includes(id) && !rows.some((row) => row.org_key === id))
  if (missing.length > 0) {
    throw new AppError(
      'NOT_FOUND',
      `No active or suspended tenant is called ${missing.join(', ')}. \`orgscope tenant list\` shows all.`,
      { tenants: missing },
    )
  }
  return rows.map(({ org_key, state, modules }) => ({
    tenant: parseTenantId(org_key),
    state,
    modules: [coreModule, ...modules.filter((module) => module !== coreModule)],
  }))
}

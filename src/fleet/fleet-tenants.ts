import type { Queryable } from '../database/advisory-lock.js'
import { AppError } from '../errors.js'
import { closest } from '../tenancy/closest-word.js'
import { optionalModules } from '../tenancy/optional-modules.js'
import { parseTenantId, type TenantId } from '../tenancy/tenant-id.js'
import { plans } from '../tenancy/tenant-request.js'
import type { TenantState } from '../tenancy/tenant-states.js'
import { coreModule } from './migration-files.js'

/** A tenant whose schema exists. */
export interface FleetTenant {
  readonly tenant: TenantId
  readonly organizationId: string
  readonly state: TenantState
  /** Installed modules, core first. */
  readonly modules: readonly string[]
  /** True when nobody has been there for as long as the selection says. */
  readonly isDormant: boolean
}

/** Which tenants a command is about; by default all. */
export interface TenantSelection {
  readonly only?: readonly TenantId[] | undefined
  readonly except?: readonly TenantId[] | undefined
  /** Those in one of these plans. */
  readonly plans?: readonly string[] | undefined
  /** Those that have one of these modules. */
  readonly modules?: readonly string[] | undefined
  /** A duration by ISO 8601 (`P90D`): tenants nobody has used for that long are left for later. */
  readonly dormantFor?: string | undefined
}

/**
 * Tenants with a schema, by id. Those being created or deleted are left to the provisioner, which brings a new one to
 * the latest version itself. Throws NOT_FOUND for a tenant, and BAD_USER_INPUT for a plan or module, that the
 * selection names and that is not there.
 */
export async function readFleet(db: Queryable, selection: TenantSelection): Promise<FleetTenant[]> {
  const { only, except = [], plans: inPlans, modules, dormantFor } = selection
  for (const plan of inPlans ?? []) requireKnown('plan', plan, plans)
  for (const module of modules ?? []) requireKnown('module', module, [coreModule, ...optionalModules])
  // As JSON, because `migrate plan` and `migrate status` also look at databases from before that column.
  const { rows } = await db.query<{
    org_key: string
    organization_id: string
    state: TenantState
    modules: string[]
    dormant: boolean | null
  }>(
    `/* fleet.tenants */
     select o.org_key, o.id as organization_id, t.state, t.modules,
       coalesce((to_jsonb(t) ->> 'last_active_at')::timestamptz, t.created_at) < now() - $5::interval as dormant
     from public.tenant_schemas t join public.organizations o on o.id = t.organization_id
     where t.state in ('active', 'suspended') and ($1::text[] is null or o.org_key = any($1))
       and o.org_key <> all($2) and ($3::text[] is null or o.plan = any($3))
       and ($4::text[] is null or t.modules && $4 or $6 = any($4)) order by o.org_key`,
    [only ?? null, except, inPlans ?? null, modules ?? null, dormantFor ?? null, coreModule],
  )
  const missing = [...(only ?? []), ...except].filter((id) => !rows.some((row) => row.org_key === id))
  if (missing.length > 0) await requireTenants(db, missing, only ?? [])
  return rows.map((row) => ({
    tenant: parseTenantId(row.org_key),
    organizationId: row.organization_id,
    state: row.state,
    modules: installedModules(row.modules),
    isDormant: row.dormant === true,
  }))
}

/** Installed modules in the order of their streams, from what the control plane keeps: optional ones only. */
export function installedModules(optional: readonly string[]): string[] {
  return [coreModule, ...optional.filter((module) => module !== coreModule)]
}

function requireKnown(what: 'plan' | 'module', given: string, known: readonly string[]): void {
  if (known.includes(given)) return
  throw new AppError(
    'BAD_USER_INPUT',
    `There is no ${what} ${given}${meant(given, known)}. There are: ${known.join(', ')}.`,
    { [what]: given },
  )
}

/** A mistyped id in a list of exceptions would let the run touch the very tenant it is to spare. */
async function requireTenants(
  db: Queryable,
  named: readonly TenantId[],
  only: readonly TenantId[],
): Promise<void> {
  const { rows } = await db.query<{ org_key: string; state: TenantState }>(
    `/* fleet.tenants.known */
     select o.org_key, t.state from public.tenant_schemas t join public.organizations o on o.id = t.organization_id`,
  )
  const states = new Map(rows.map(({ org_key, state }) => [org_key, state]))
  const served = rows.filter(({ state }) => state === 'active' || state === 'suspended')
  const ids = served.map(({ org_key }) => org_key)
  const wrong = named.filter((id) => !states.has(id) || (only.includes(id) && !ids.includes(id)))
  if (wrong.length === 0) return
  const reasons = wrong.map((id) => {
    const state = states.get(id)
    return state === undefined ? `${id}${meant(id, ids)}` : `${id} (it is ${state})`
  })
  throw new AppError(
    'NOT_FOUND',
    `No active or suspended tenant is called ${reasons.join(', ')}. \`orgscope tenant list\` shows all.`,
    { tenants: wrong },
  )
}

function meant(given: string, known: readonly string[]): string {
  const near = closest(given, known)
  return near === undefined ? '' : ` (did you mean ${near}?)`
}

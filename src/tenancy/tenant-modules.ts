import type { Queryable } from '../database/advisory-lock.js'
import { AppError } from '../errors.js'
import { closest } from './closest-word.js'
import type { AccessLevel } from './module-access.js'
import type { TenantRecord } from './tenant-record.js'

/** Days before the end of access from which on it is warned of. */
export const WARNING_DAYS = 7

/** An optional module as one tenant has it. Moments are RFC 3339 text. */
export interface TenantModule {
  readonly module: string
  readonly displayName: string | null
  /** `none` where access was never given or was taken away. */
  readonly access: AccessLevel
  /** When access ends or ended; null when it does not. */
  readonly expiresAt: string | null
  /** Access has ended by the clock. */
  readonly isExpired: boolean
  /** Access ends within {@link WARNING_DAYS}. */
  readonly endsSoon: boolean
  /** Its tables are there, whether or not they may be used. */
  readonly isInstalled: boolean
  /** Installed, and may be used now: what requests find. */
  readonly isEnabled: boolean
  /** Latest applied migration; null where it is not installed. */
  readonly version: number | null
  /** The tenant's plan includes it. */
  readonly inPlan: boolean
  readonly moduleId: string
  /** Plans that include it. */
  readonly plans: readonly string[]
  /** The trial the tenant has had, or has. */
  readonly trialId: string | null
  /** The trial on offer, and its length in days. */
  readonly offeredTrialId: string | null
  readonly offeredTrialDays: number | null
}

/** Every optional module of the catalogue with what a tenant has of it, by name. */
export async function listTenantModules(
  db: Queryable,
  { organizationId }: Pick<TenantRecord, 'organizationId'>,
): Promise<TenantModule[]> {
  const { rows } = await db.query<TenantModule>(
    `/* tenant_modules.list */
     select m.name as module, m.display_name as "displayName", m.id as "moduleId", m.default_plans as plans,
       o.plan = any(m.default_plans) as "inPlan", coalesce(a.access_level, 'none') as access,
       a.expires_at as "expiresAt", a.trial_id as "trialId", coalesce(a.expires_at <= now(), false) as "isExpired",
       coalesce(a.access_level <> 'none' and a.expires_at > now()
         and a.expires_at <= now() + make_interval(days => $2), false) as "endsSoon",
       m.name = any(t.modules) as "isInstalled", (t.schema_versions ->> m.name)::integer as version,
       m.name = any(t.modules) and coalesce(a.access_level <> 'none'
         and (a.expires_at is null or a.expires_at > now()), false) as "isEnabled",
       offer.id as "offeredTrialId", offer.duration_days as "offeredTrialDays"
     from public.organizations o
     join public.tenant_schemas t on t.organization_id = o.id
     cross join public.modules m
     left join public.module_access a on a.organization_id = o.id and a.module_id = m.id
     left join lateral (
       select id, duration_days from public.trials
       where module_id = m.id and is_active and duration_days is not null order by slug limit 1
     ) offer on true
     where o.id = $1 and not m.is_core and (m.is_active or a.id is not null)
     order by m.name`,
    [organizationId, WARNING_DAYS],
  )
  return rows
}

/** One of them. Throws BAD_USER_INPUT for core and for what is no module, suggesting what may be meant. */
export function pickModule(modules: readonly TenantModule[], name: string): TenantModule {
  const found = modules.find(({ module }) => module === name)
  if (found !== undefined) return found
  const known = modules.map(({ module }) => module)
  if (name === 'core') {
    throw new AppError('BAD_USER_INPUT', 'core is a part of every tenant and is never changed.', {
      field: 'module',
    })
  }
  const near = closest(name, known)
  const advice = near === undefined ? `Modules are ${known.join(', ')}.` : `Did you mean ${near}?`
  throw new AppError('BAD_USER_INPUT', `There is no module ${name}. ${advice}`, { field: 'module' })
}

import type { Queryable } from '../database/advisory-lock.js'
import { writePlatformAudit, type PlatformActor } from './platform-audit.js'
import type { DecidedAccess } from './decide-access.js'
import { listTenantModules, type TenantModule } from './tenant-modules.js'
import { announce, type TenantRecord } from './tenant-record.js'
import type { Plan } from './tenant-request.js'

/**
 * Which modules a tenant may use, as rows of `public.module_access`. Each function belongs into the caller's
 * transaction, writes the audit log, and tells the gateways when the transaction commits.
 */

type Tenant = Pick<TenantRecord, 'tenant' | 'organizationId'>

/** Makes others who change the same tenant's modules or plan wait for this transaction. */
export async function lockEntitlements(db: Queryable, { organizationId }: Tenant): Promise<void> {
  await db.query(
    '/* entitlements.lock */ select from public.tenant_schemas where organization_id = $1 for update',
    [organizationId],
  )
}

/** Gives access to a module; access that is there already is left alone. Resolves to whether anything changed. */
export async function grantModule(
  db: Queryable,
  tenant: Tenant,
  { module, moduleId, access: before, expiresAt: endedBefore }: TenantModule,
  { access, expiresAt, trialId }: DecidedAccess,
  by?: PlatformActor,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `/* entitlements.grant */
     insert into public.module_access as a (organization_id, module_id, access_level, expires_at, trial_id, granted_by)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (organization_id, module_id) do update set access_level = excluded.access_level,
       expires_at = excluded.expires_at, trial_id = excluded.trial_id, granted_by = excluded.granted_by,
       granted_at = now(), updated_at = now()
     where (a.access_level, a.expires_at) is distinct from (excluded.access_level, excluded.expires_at)`,
    [tenant.organizationId, moduleId, access, expiresAt, trialId, by?.identityId ?? null],
  )
  if (rowCount === 0) return false
  const details = { module, from: before, to: access, expiresAt, endedBefore }
  await tell(db, tenant, 'module.enabled', details, by)
  return true
}

/** Takes access to a module away; its data stays. Resolves to whether there was any. */
export async function withdrawModule(
  db: Queryable,
  tenant: Tenant,
  { module, moduleId }: TenantModule,
  { by, reason }: { readonly by?: PlatformActor | undefined; readonly reason?: string | undefined } = {},
): Promise<boolean> {
  const { rowCount } = await db.query(
    `/* entitlements.withdraw */
     update public.module_access set access_level = 'none', updated_at = now()
     where organization_id = $1 and module_id = $2 and access_level <> 'none'`,
    [tenant.organizationId, moduleId],
  )
  if (rowCount === 0) return false
  await tell(db, tenant, 'module.disabled', { module, ...(reason === undefined ? {} : { reason }) }, by)
  return true
}

/** What a change of plan did to modules. */
export interface PlanChange {
  /** Modules that came with the old plan and are not in the new one: their data stays. */
  readonly disabled: readonly string[]
  /** Modules whose access was limited, by a trial or otherwise, and that the new plan includes without limit. */
  readonly unlimited: readonly string[]
}

/**
 * Changes the plan. What the old plan included and the new one does not is disabled; what was granted beside the old
 * plan stays; access that was limited becomes full where the new plan includes the module and the old one did not.
 */
export async function changePlanOf(
  db: Queryable,
  record: TenantRecord,
  plan: Plan,
  by?: PlatformActor,
): Promise<PlanChange> {
  if (record.plan === plan) return { disabled: [], unlimited: [] }
  const modules = await listTenantModules(db, record)
  const newly = modules.filter(({ plans, inPlan }) => plans.includes(plan) && !inPlan)
  const lost = modules.filter(({ plans, inPlan }) => inPlan && !plans.includes(plan))
  const disabled: string[] = []
  for (const of of lost) if (await withdrawModule(db, record, of, { by })) disabled.push(of.module)
  const unlimited: string[] = []
  for (const of of newly.filter(({ access }) => access !== 'none')) {
    const full = { access: 'full', expiresAt: null, trialId: of.trialId } as const
    if (await grantModule(db, record, of, full, by)) unlimited.push(of.module)
  }
  await db.query(
    '/* organizations.plan */ update public.organizations set plan = $2, updated_at = now() where id = $1',
    [record.organizationId, plan],
  )
  await tell(db, record, 'tenant.plan_changed', { from: record.plan, to: plan, disabled, unlimited }, by)
  return { disabled, unlimited }
}

async function tell(
  db: Queryable,
  { tenant, organizationId }: Tenant,
  eventType: string,
  details: Readonly<Record<string, unknown>>,
  by: PlatformActor | undefined,
): Promise<void> {
  const entry = { eventType, category: 'configuration', organizationId, target: tenant, details } as const
  await writePlatformAudit(db, entry, by)
  await announce(db, tenant)
}

import type { Queryable } from '../database/advisory-lock.js'
import { AppError } from '../errors.js'
import { DIRECTORY_CHANNEL } from './directory-listener.js'
import { writePlatformAudit, type PlatformActor } from './platform-audit.js'
import { parseTenantId, type TenantId } from './tenant-id.js'
import { mayMove, organizationStatus, type TenantState } from './tenant-states.js'

/** What the control plane knows of a tenant. Moments are RFC 3339 text. */
export interface TenantRecord {
  readonly tenant: TenantId
  readonly organizationId: string
  readonly name: string
  readonly slug: string
  readonly plan: string
  readonly region: string | null
  readonly timezone: string
  readonly adminEmail: string | null
  readonly adminName: string | null
  readonly state: TenantState
  /** For a failed tenant: the state in which it failed. */
  readonly previousState: TenantState | null
  /** Optional modules the organization may use now. */
  readonly entitledModules: readonly string[]
  /** Optional modules whose tables its schema has. */
  readonly modules: readonly string[]
  /** Latest applied migration by module. */
  readonly schemaVersions: Readonly<Record<string, number>>
  readonly currentStep: string | null
  readonly completedSteps: readonly string[]
  readonly attempts: number
  readonly lastError: string | null
  readonly lastErrorAt: string | null
  readonly leaseOwner: string | null
  readonly leaseUntil: string | null
  readonly deleteAfter: string | null
  readonly stateChangedAt: string
  readonly createdAt: string
}

type Row = Omit<TenantRecord, 'tenant'> & { readonly tenant: string }

const SELECT = `
  select o.org_key as tenant, o.id as "organizationId", o.name, o.slug, o.plan, o.region, o.timezone,
    o.admin_email as "adminEmail", o.primary_contact_name as "adminName", t.state,
    t.previous_state as "previousState", t.modules, t.schema_versions as "schemaVersions",
    t.current_step as "currentStep", t.completed_steps as "completedSteps", t.attempts,
    t.last_error as "lastError", t.last_error_at as "lastErrorAt", t.lease_owner as "leaseOwner",
    t.lease_until as "leaseUntil", t.delete_after as "deleteAfter", t.state_changed_at as "stateChangedAt",
    o.created_at as "createdAt",
    array(select m.name from public.module_access a join public.modules m on m.id = a.module_id
      where a.organization_id = o.id and a.access_level <> 'none'
        and (a.expires_at is null or a.expires_at > now()) order by m.name) as "entitledModules"
  from public.organizations o join public.tenant_schemas t on t.organization_id = o.id`

function recordOf(row: Row): TenantRecord {
  return { ...row, tenant: parseTenantId(row.tenant) }
}

/** All tenants by id; deleted ones only when asked for. */
export async function listTenants(
  db: Queryable,
  { includeDeleted = false }: { readonly includeDeleted?: boolean } = {},
): Promise<TenantRecord[]> {
  const { rows } = await db.query<Row>(
    `/* tenants.list */ ${SELECT} where $1 or t.state <> 'deleted' order by o.org_key`,
    [includeDeleted],
  )
  return rows.map(recordOf)
}

/** One tenant in any state, or undefined. */
export async function findTenant(db: Queryable, tenant: TenantId): Promise<TenantRecord | undefined> {
  const { rows } = await db.query<Row>(`/* tenants.find */ ${SELECT} where o.org_key = $1`, [tenant])
  return rows[0] === undefined ? undefined : recordOf(rows[0])
}

/** One tenant in any state. Throws NOT_FOUND. */
export async function showTenant(db: Queryable, tenant: TenantId): Promise<TenantRecord> {
  const record = await findTenant(db, tenant)
  if (record !== undefined) return record
  throw new AppError('NOT_FOUND', `There is no tenant ${tenant}. \`orgscope tenant list\` shows all.`, {
    tenant,
  })
}

/** What else changes with a move. */
export interface MoveDetails {
  readonly by?: PlatformActor | undefined
  /** For a move to failed: what went wrong. */
  readonly error?: string | undefined
  readonly details?: Readonly<Record<string, unknown>>
}

/**
 * Moves a tenant to another state, when it still is in the expected one: one update, the organization's status, an
 * audit row, and a word to every gateway, all in the caller's transaction. Throws CONFLICT.
 */
export async function moveTenant(
  db: Queryable,
  record: TenantRecord,
  to: TenantState,
  { by, error, details }: MoveDetails = {},
): Promise<void> {
  const { tenant, organizationId, state: from, previousState } = record
  if (!mayMove(from, to, previousState ?? undefined)) throw illegalMove(tenant, from, to)
  const { rowCount } = await db.query(
    `/* tenants.move */
     update public.tenant_schemas set state = $3, state_changed_at = now(), updated_at = now(),
       previous_state = case when $3 = 'failed' then $2 end,
       last_error = coalesce($4, last_error), last_error_at = case when $4 is null then last_error_at else now() end
     where organization_id = $1 and state = $2`,
    [organizationId, from, to, error ?? null],
  )
  if (rowCount !== 1) throw movedMeanwhile(tenant, from)
  if (to !== 'failed') await followStatus(db, organizationId, to)
  await writePlatformAudit(
    db,
    {
      eventType: `tenant.${to}`,
      category: 'provisioning',
      organizationId,
      target: tenant,
      result: to === 'failed' ? 'failure' : 'success',
      reason: error,
      details: { from, to, ...details },
    },
    by,
  )
  await announce(db, tenant)
}

async function followStatus(db: Queryable, organizationId: string, to: TenantState): Promise<void> {
  await db.query(
    `/* tenants.status */ update public.organizations set status = $2, updated_at = now()
     where id = $1 and status <> $2`,
    [organizationId, organizationStatus(to)],
  )
}

/** Tells every gateway, when the transaction commits, to forget what it remembers of a tenant. */
export async function announce(db: Queryable, tenant: TenantId): Promise<void> {
  await db.query(`/* tenants.announce */ select pg_notify('${DIRECTORY_CHANNEL}', $1)`, [tenant])
}

/** The refusal of a move that the states do not allow. */
export function illegalMove(tenant: TenantId, from: TenantState, to: TenantState): AppError {
  return new AppError('CONFLICT', `Tenant ${tenant} is ${from}; from there it cannot become ${to}.`, {
    tenant,
    state: from,
  })
}

function movedMeanwhile(tenant: TenantId, expected: TenantState): AppError {
  return new AppError(
    'CONFLICT',
    `Tenant ${tenant} is no longer ${expected}: somebody else changed it. Look again.`,
    {
      tenant,
    },
  )
}

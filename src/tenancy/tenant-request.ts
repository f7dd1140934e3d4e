import type pg from 'pg'
import { lockKey, type Queryable } from '../database/advisory-lock.js'
import { isPostgresError } from '../database/postgres-error.js'
import { ownerTransaction } from '../database/owner-transaction.js'
import { AppError } from '../errors.js'
import { writePlatformAudit, type PlatformActor } from './platform-audit.js'
import { roleOf, schemaOf, type TenantId } from './tenant-id.js'
import { announce, findTenant, showTenant, type TenantRecord } from './tenant-record.js'

/** The plans there are, smallest first. */
export const plans = ['free', 'pro', 'enterprise'] as const
export type Plan = (typeof plans)[number]

export function isPlan(value: string): value is Plan {
  return (plans as readonly string[]).includes(value)
}

/** A tenant as it is asked for. What is left out gets its default, and is not compared when it exists already. */
export interface TenantRequest {
  readonly tenant: TenantId
  readonly name: string
  /** Part of URLs; made from the name by default. */
  readonly slug?: string | undefined
  readonly plan?: Plan | undefined
  /** Optional modules the organization may use; core is implied. */
  readonly modules: readonly string[]
  readonly region?: string | undefined
  /** IANA name; UTC by default. */
  readonly timezone?: string | undefined
  /** Becomes the first owner. */
  readonly adminEmail?: string | undefined
  readonly adminName?: string | undefined
}

/**
 * Writes down that a tenant is wanted: organization, tenant record, entitlements. The same request again changes
 * nothing. What it names is agreed upon: modules beside the plan are granted as well. Throws CONFLICT naming what differs from an existing tenant, CONFLICT_DUPLICATE when another organization
 * has the name or slug, BAD_USER_INPUT for unknown modules.
 *
 * @param mayDiffer - what of an existing tenant is not compared, because the caller changes it
 */
export async function requestTenant(
  admin: pg.Pool,
  request: TenantRequest,
  by?: PlatformActor,
  mayDiffer: readonly ('plan' | 'modules')[] = [],
): Promise<TenantRecord> {
  return ownerTransaction(admin, async (client) => {
    // Two equal requests at once: the second one waits here and then finds the first one's rows.
    await client.query(`/* tenants.request_lock */ select pg_advisory_xact_lock($1::bigint)`, [
      lockKey(`request:${request.tenant}`),
    ])
    const moduleIds = await readModuleIds(client, request)
    const existing = await findTenant(client, request.tenant)
    if (existing !== undefined) return assertSame(existing, request, mayDiffer)
    const organizationId = await insertOrganization(client, request)
    await insertTenant(client, organizationId, request, moduleIds)
    await writePlatformAudit(
      client,
      {
        eventType: 'tenant.requested',
        category: 'provisioning',
        organizationId,
        target: request.tenant,
        details: { plan: request.plan ?? 'free', modules: request.modules },
      },
      by,
    )
    await announce(client, request.tenant)
    return showTenant(client, request.tenant)
  })
}

/** Ids of the optional modules asked for; core ones need no entitlement. */
async function readModuleIds(db: Queryable, { modules }: TenantRequest): Promise<string[]> {
  const { rows } = await db.query<{ id: string; name: string; is_core: boolean }>(
    '/* modules.all */ select id, name, is_core from public.modules where is_active order by name',
  )
  const optional = rows.filter(({ is_core }) => !is_core)
  const unknown = modules.filter((name) => !rows.some((row) => row.name === name))
  if (unknown.length > 0) {
    throw new AppError(
      'BAD_USER_INPUT',
      `Unknown module ${unknown.join(', ')}. Modules are ${optional.map(({ name }) => name).join(', ')}.`,
      { field: 'modules', unknown },
    )
  }
  return optional.filter(({ name }) => modules.includes(name)).map(({ id }) => id)
}

/** Compares what the request says with what is there. */
function assertSame(
  existing: TenantRecord,
  request: TenantRequest,
  mayDiffer: readonly string[],
): TenantRecord {
  const { tenant, state } = existing
  if (state === 'deprovisioning' || state === 'deleted') {
    throw new AppError(
      'CONFLICT',
      `Tenant ${tenant} is ${state}; its id is not used again. Choose another one.`,
      {
        tenant,
        state,
      },
    )
  }
  const differences = differencesOf(existing, request, mayDiffer)
  if (differences.length === 0) return existing
  throw new AppError(
    'CONFLICT',
    `Tenant ${tenant} exists already and differs from what is asked for: ${differences.join('; ')}.`,
    { tenant, differences },
  )
}

function differencesOf(
  existing: TenantRecord,
  request: TenantRequest,
  mayDiffer: readonly string[],
): string[] {
  const compared = [
    ['name', existing.name, request.name],
    ['slug', existing.slug, request.slug],
    ['plan', existing.plan, request.plan],
    ['region', existing.region, request.region],
    ['timezone', existing.timezone, request.timezone],
    ['admin e-mail', existing.adminEmail?.toLowerCase(), request.adminEmail?.toLowerCase()],
    ['modules', listed(existing.entitledModules), listed(request.modules)],
  ] as const
  return compared
    .filter(([field, is, asked]) => asked !== undefined && is !== asked && !mayDiffer.includes(field))
    .map(([field, is, asked]) => `${field} is ${is ?? 'not set'}, asked for ${asked}`)
}

function listed(modules: readonly string[]): string {
  const optional = modules.filter((module) => module !== 'core')
  return optional.length === 0 ? 'none' : [...new Set(optional)].sort().join(', ')
}

async function insertOrganization(db: Queryable, request: TenantRequest): Promise<string> {
  const { tenant, name, plan = 'free', region, timezone = 'UTC', adminEmail, adminName } = request
  const slug = request.slug ?? slugOf(name, tenant)
  const { rows: taken } = await db.query(
    `/* organizations.name_taken */ select from public.organizations where lower(name) = lower($1) and deleted_at is null`,
    [name],
  )
  // Asked before inserting: a slug made from a taken name is taken as well, and the name is what to tell.
  if (taken.length > 0) throw nameTaken(name)
  try {
    const { rows } = await db.query<{ id: string }>(
      `/* organizations.insert */
       insert into public.organizations (org_key, name, slug, plan, region, timezone, admin_email,
         primary_contact_name, primary_contact_email)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $7) returning id`,
      [tenant, name, slug, plan, region ?? null, timezone, adminEmail ?? null, adminName ?? null],
    )
    return rows[0]!.id
  } catch (error) {
    throw refusalOf(error, name, slug) ?? error
  }
}

/** The refusal of a name that another organization has. */
export function nameTaken(name: string): AppError {
  return new AppError('CONFLICT_DUPLICATE', `Another organization is called ${name}.`, { field: 'name' })
}

/** What a constraint on an organization's name or slug says in words; undefined for any other error. */
export function refusalOf(error: unknown, name: string, slug: string): AppError | undefined {
  if (!isPostgresError(error)) return undefined
  switch (error.constraint) {
    case 'organizations_slug_key':
      return new AppError(
        'CONFLICT_DUPLICATE',
        `Another organization has the slug ${slug}. Choose another one.`,
        {
          field: 'slug',
        },
      )
    case 'organizations_name_key':
      return nameTaken(name)
    case 'organizations_slug_check':
      return new AppError(
        'BAD_USER_INPUT',
        `Not a slug: ${slug}. A slug is lower-case letters, digits and hyphens, at most 100.`,
        { field: 'slug' },
      )
    default:
      return undefined
  }
}

/** `Acmé & Söhne GmbH` → `acme-sohne-gmbh`; a name without Latin letters falls back to the tenant id. */
function slugOf(name: string, tenant: TenantId): string {
  const words = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
  const slug = words.join('-').slice(0, 100).replace(/-$/, '')
  return slug === '' ? tenant.replaceAll('_', '-') : slug
}

async function insertTenant(
  db: Queryable,
  organizationId: string,
  { tenant }: TenantRequest,
  moduleIds: readonly string[],
): Promise<void> {
  await db.query(
    `/* tenants.insert */
     insert into public.tenant_schemas (organization_id, schema_name, role_name) values ($1, $2, $3)`,
    [organizationId, schemaOf(tenant), roleOf(tenant)],
  )
  await db.query(
    `/* module_access.insert */
     insert into public.module_access (organization_id, module_id) select $1, unnest($2::uuid[])`,
    [organizationId, moduleIds],
  )
}

import type pg from 'pg'
import type { Queryable } from '../database/advisory-lock.js'
import { ownerTransaction } from '../database/owner-transaction.js'
import { AppError } from '../errors.js'
import { accessRoles, isAccessRole } from './actor.js'
import { createApiKey, type NewApiKey } from './api-key.js'
import { writePlatformAudit } from './platform-audit.js'
import { announce, showTenant } from './tenant-record.js'
import type { TenantId } from './tenant-id.js'

/** An API key as the control plane shows it; the key itself is not kept. Moments are RFC 3339 text. */
export interface TenantKey {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly role: string
  readonly status: string
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly revokedAt: string | null
}

export interface NewTenantKey {
  readonly name: string
  /** Role the key acts with; `api_user` by default. */
  readonly role?: string | undefined
  /** Moment the key stops working; never by default. */
  readonly expiresAt?: string | undefined
}

const SELECT = `
  select id, name, key_prefix as prefix, coalesce(role_name, 'api_user') as role, status,
    created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt"
  from public.api_keys`

/** Makes a key for an organization on behalf of the operator; `key` is shown this once. Throws BAD_USER_INPUT. */
export async function issueTenantKey(
  admin: pg.Pool,
  tenant: TenantId,
  { name, role = 'api_user', expiresAt }: NewTenantKey,
): Promise<TenantKey & { readonly key: string }> {
  if (!isAccessRole(role)) {
    throw new AppError('BAD_USER_INPUT', `There is no role ${role}. Roles are ${accessRoles.join(', ')}.`, {
      field: 'role',
    })
  }
  const made = createApiKey()
  return ownerTransaction(admin, async (db) => {
    const { organizationId } = await showTenant(db, tenant)
    const { rows } = await db.query<{ id: string }>(
      `/* tenant_keys.insert */
       insert into public.api_keys (organization_id, name, key_prefix, key_hash, role_name, expires_at)
       values ($1, $2, $3, $4, $5, $6) returning id`,
      [organizationId, name, made.prefix, made.hash, role, expiresAt ?? null],
    )
    const [row] = await readKeys(db, organizationId, rows[0]!.id)
    await audit(db, 'api_key.created', tenant, organizationId, row!)
    await announce(db, tenant)
    return { ...row!, key: made.key }
  })
}

/** All keys of an organization, oldest first. */
export async function listTenantKeys(admin: pg.Pool, tenant: TenantId): Promise<TenantKey[]> {
  return ownerTransaction(admin, async (db) => readKeys(db, (await showTenant(db, tenant)).organizationId))
}

/** Ends a key, found by its id or prefix; ending it again changes nothing. Throws NOT_FOUND. */
export async function revokeTenantKey(admin: pg.Pool, tenant: TenantId, named: string): Promise<TenantKey> {
  return ownerTransaction(admin, async (db) => {
    const { organizationId } = await showTenant(db, tenant)
    const { rows } = await db.query<{ id: string }>(
      `/* tenant_keys.revoke */
       update public.api_keys set status = 'revoked', revoked_at = coalesce(revoked_at, now()), updated_at = now()
       where organization_id = $1 and (id::text = lower($2) or key_prefix = $2) returning id`,
      [organizationId, named],
    )
    const id = rows[0]?.id
    if (id === undefined) {
      throw new AppError('NOT_FOUND', `Tenant ${tenant} has no API key ${named}.`, { tenant, key: named })
    }
    const [row] = await readKeys(db, organizationId, id)
    await audit(db, 'api_key.revoked', tenant, organizationId, row!)
    await announce(db, tenant)
    return row!
  })
}

/**
 * Sees to it that an organization has a key with this id, name and secret, as demo data does; a key that was revoked
 * stays so. Resolves to its status.
 */
export async function ensureTenantKey(
  admin: pg.Pool,
  tenant: TenantId,
  { id, name, key }: { readonly id: string; readonly name: string; readonly key: NewApiKey },
): Promise<string> {
  return ownerTransaction(admin, async (db) => {
    const { organizationId } = await showTenant(db, tenant)
    const { rows } = await db.query<{ status: string; changed: boolean }>(
      `/* tenant_keys.ensure */
       insert into public.api_keys as k (id, organization_id, name, key_prefix, key_hash)
       values ($1, $2, $3, $4, $5)
       on conflict (id) do update set key_prefix = excluded.key_prefix, key_hash = excluded.key_hash,
         updated_at = case when k.key_hash = excluded.key_hash then k.updated_at else now() end
       returning status, updated_at = now() as changed`,
      [id, organizationId, name, key.prefix, key.hash],
    )
    if (rows[0]!.changed) await announce(db, tenant)
    return rows[0]!.status
  })
}

async function readKeys(db: Queryable, organizationId: string, id?: string): Promise<TenantKey[]> {
  const { rows } = await db.query<TenantKey>(
    `/* tenant_keys.read */ ${SELECT} where organization_id = $1 and ($2::uuid is null or id = $2)
     order by created_at, id`,
    [organizationId, id ?? null],
  )
  return rows
}

async function audit(
  db: Queryable,
  eventType: string,
  tenant: TenantId,
  organizationId: string,
  { id, prefix, role }: TenantKey,
): Promise<void> {
  await writePlatformAudit(db, {
    eventType,
    category: 'authorization',
    organizationId,
    target: tenant,
    details: { apiKeyId: id, prefix, role },
  })
}

import type { Queryable } from '../database/advisory-lock.js'
import { AppError } from '../errors.js'
import type { TenantRecord } from './tenant-record.js'

/** Work on one tenant that takes more than one transaction. */
export interface TenantOperation {
  readonly id: string
  readonly kind: 'import' | 'clone' | 'archive' | 'restore'
  /** The archive's folder, or the tenant it is a copy of. */
  readonly source: string | null
  /** Of the archive it works with. */
  readonly digest: string | null
  readonly details: Readonly<Record<string, unknown>>
}

/** What a tenant's operation is, as long as nobody finished it. */
export async function findOpenOperation(
  db: Queryable,
  organizationId: string,
): Promise<TenantOperation | undefined> {
  const { rows } = await db.query<TenantOperation>(
    `/* operations.open */ select id, kind, source, digest, details from public.tenant_operations
     where organization_id = $1 and finished_at is null`,
    [organizationId],
  )
  return rows[0]
}

/** Throws CONFLICT while somebody's operation on the tenant is not finished. */
export async function requireNoOperation(
  db: Queryable,
  { tenant, organizationId }: Pick<TenantRecord, 'tenant' | 'organizationId'>,
): Promise<void> {
  const open = await findOpenOperation(db, organizationId)
  if (open === undefined) return
  throw new AppError(
    'CONFLICT',
    `The ${open.kind} of tenant ${tenant} is not finished. Run it again to go on, or \`orgscope tenant abort ${tenant}\` to take it back.`,
    { tenant, operation: open.kind },
  )
}

/** Begins an operation, or counts another attempt of the one that is open. */
export async function openOperation(
  db: Queryable,
  organizationId: string,
  {
    kind,
    source,
    digest,
    details = {},
  }: Omit<TenantOperation, 'id' | 'details'> & { readonly details?: object },
): Promise<void> {
  await db.query(
    `/* operations.begin */
     insert into public.tenant_operations as o (organization_id, kind, source, digest, details)
     values ($1, $2, $3, $4, $5)
     on conflict (organization_id) where finished_at is null
     do update set attempts = o.attempts + 1, source = excluded.source, digest = excluded.digest`,
    [organizationId, kind, source, digest, JSON.stringify(details)],
  )
}

/** Adds facts that a later attempt needs. */
export async function noteInOperation(
  db: Queryable,
  organizationId: string,
  { source, digest, details = {} }: { source?: string; digest?: string; details?: object },
): Promise<void> {
  await db.query(
    `/* operations.note */ update public.tenant_operations
     set source = coalesce($2, source), digest = coalesce($3, digest), details = details || $4
     where organization_id = $1 and finished_at is null`,
    [organizationId, source ?? null, digest ?? null, JSON.stringify(details)],
  )
}

/** Ends the open operation of a tenant. */
export async function closeOperation(
  db: Queryable,
  organizationId: string,
  outcome: 'done' | 'undone',
): Promise<void> {
  await db.query(
    `/* operations.end */ update public.tenant_operations set outcome = $2, finished_at = now()
     where organization_id = $1 and finished_at is null`,
    [organizationId, outcome],
  )
}

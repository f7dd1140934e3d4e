import { sql } from 'kysely'
import { AppError } from '../../errors.js'
import { auditable, changedObject, recordChange } from '../../entity/audit-trail.js'
import { personOf, type TenantOperation } from '../../entity/operation-context.js'
import type { EntityRow } from '../../entity/rows.js'
import { valuesOf } from '../../entity/given-values.js'
import { encodeId } from '../../entity/global-id.js'
import { findRow, notFound } from '../../entity/store.js'
import { always } from '../../entity/condition.js'
import { accessRoles, isAccessRole } from '../../tenancy/actor.js'
import { createApiKey } from '../../tenancy/api-key.js'
import { DIRECTORY_CHANNEL } from '../../tenancy/directory-listener.js'
import { statements, type Session } from '../../tenancy/session.js'
import { apiKeys } from './api-key.entity.js'

export interface NewApiKeyValues {
  readonly name: string
  /** Role the key acts with; `api_user` when left out. */
  readonly role?: string | null
  readonly expiresAt?: string | null
}

const LONGEST_NAME = 200

/** Makes a key and returns it with its row: the only moment at which the key itself is known. */
export function issueApiKey(
  context: TenantOperation,
  input: NewApiKeyValues,
): Promise<{ row: EntityRow; key: string }> {
  const { name, expiresAt } = checkedValues(input)
  const roleName = grantableRole(context, input.role ?? 'api_user')
  const { key, prefix, hash } = createApiKey()
  const work = async (session: Session): Promise<{ row: EntityRow; key: string }> => {
    // The hash can be written and never read, so the id is asked for and the row is read back by it.
    const insert = sql<{ id: string }>`/* api_keys.insert */
      insert into public.api_keys (organization_id, name, key_prefix, key_hash, role_name, expires_at, created_by)
      values (${context.tenant.organizationId}, ${name}, ${prefix}, ${hash}, ${roleName}, ${expiresAt},
        ${personOf(context)})
      returning id`
    const [inserted] = await session.run(insert.compile(statements))
    const row = await readKey(session, (inserted as { id: string }).id)
    await recordChange(session, context, {
      eventType: 'create',
      resourceType: apiKeys.permission,
      resourceId: String(row.id),
      newValues: auditable(apiKeys, row, ['name', 'keyPrefix', 'roleName', 'expiresAt']),
      object: changedObject(apiKeys, row),
    })
    return { row, key }
  }
  // The key is stored nowhere: not for a retry either, which is told which entry to revoke.
  return context.write(work, { withheld: ({ row }) => ({ id: encodeId(apiKeys.name, [row.id]) }) })
}

/** Ends a key for good; every gateway hears of it when the transaction commits. */
export function revokeApiKey(context: TenantOperation, id: string): Promise<EntityRow> {
  return context.write(async (session) => {
    const before = await readKey(session, id)
    if (before.status === 'revoked') return before
    const update = sql`/* api_keys.revoke */
      update public.api_keys set status = 'revoked', revoked_at = now(), revoked_by = ${personOf(context)},
        updated_at = now()
      where id = ${id}`
    await session.run(update.compile(statements))
    await session.run(
      sql`/* api_keys.announce */ select pg_notify(${DIRECTORY_CHANNEL}, ${context.tenant.tenant})`.compile(
        statements,
      ),
    )
    const row = await readKey(session, id)
    await recordChange(session, context, {
      eventType: 'update',
      resourceType: apiKeys.permission,
      resourceId: id,
      oldValues: auditable(apiKeys, before, ['status']),
      newValues: auditable(apiKeys, row, ['status', 'revokedAt']),
      object: changedObject(apiKeys, row),
    })
    return row
  })
}

function checkedValues({ name, expiresAt = null }: NewApiKeyValues): {
  name: string
  expiresAt: string | null
} {
  valuesOf(apiKeys, { name })
  if (name.trim() === '' || name.length > LONGEST_NAME) {
    throw new AppError('BAD_USER_INPUT', `name must have 1 to ${LONGEST_NAME} characters.`, { field: 'name' })
  }
  if (expiresAt !== null && Date.parse(expiresAt) <= Date.now()) {
    throw new AppError('BAD_USER_INPUT', 'expiresAt must lie in the future.', { field: 'expiresAt' })
  }
  return { name, expiresAt }
}

/** A key may be given no role above its maker's own. */
function grantableRole(context: TenantOperation, role: string): string {
  if (!isAccessRole(role)) {
    throw new AppError(
      'BAD_USER_INPUT',
      `role must be one of ${accessRoles.join(', ')}; it is ${JSON.stringify(role)}.`,
      { field: 'role' },
    )
  }
  if (role === 'owner' && context.tenant.role !== 'owner') {
    throw new AppError('FORBIDDEN', 'Only an owner can make a key that acts as owner.', { field: 'role' })
  }
  return role
}

async function readKey(session: Session, id: string): Promise<EntityRow> {
  const row = await findRow(session, apiKeys, [id], always, [...apiKeys.columns.keys()])
  if (row === undefined) throw notFound(apiKeys)
  return row
}

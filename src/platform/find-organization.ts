import { sql } from 'kysely'
import type { OperationContext } from '../entity/operation-context.js'
import { readable } from '../entity/read-access.js'
import { selectRows, type EntityRow } from '../entity/rows.js'
import { all } from '../entity/condition.js'
import { AppError } from '../errors.js'
import { isTenantId, type TenantId } from '../tenancy/tenant-id.js'
import { organizations } from './organization.entity.js'

const everything = [...organizations.columns.keys()]

/** One organization by its key, or undefined. */
export async function findOrganization(
  context: OperationContext,
  key: TenantId,
  fields: readonly string[] = everything,
): Promise<EntityRow | undefined> {
  const where = all([readable(context, organizations), sql`e.key = ${key}`])
  const [row] = await selectRows(context.read(), organizations, { fields, where })
  return row
}

/** One organization by its key, whole. Throws NOT_FOUND. */
export async function showOrganization(context: OperationContext, key: TenantId): Promise<EntityRow> {
  const row = await findOrganization(context, key)
  if (row !== undefined) return row
  throw new AppError('NOT_FOUND', `There is no organization ${key}.`, { type: 'Organization' })
}

/** A client's key, checked. Throws BAD_USER_INPUT that names the rule. */
export function organizationKey(value: string, field: string): TenantId {
  if (isTenantId(value)) return value
  throw new AppError(
    'BAD_USER_INPUT',
    `${field} is not a key: 1 to 55 lower-case letters, digits and underscores, the first one no underscore.`,
    { field },
  )
}

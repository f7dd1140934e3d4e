import { parseTimestamp } from '../database/timestamp.js'
import { AppError } from '../errors.js'
import type { EntityDefinition } from './entity.js'
import { personOf, type OperationContext } from './operation-context.js'
import { outerForm } from './outer-form.js'
import { readScope } from './read-access.js'
import type { EntityRow } from './rows.js'

/** The `updatedAt` a client last saw; without one it changes whatever it finds. */
export type ExpectedVersion = string | null | undefined

/** Whether rows say when they last changed, so that a client can name the version it means. */
export function isVersioned(entity: EntityDefinition): boolean {
  return entity.columns.has('updatedAt')
}

/**
 * Throws CONFLICT, with the object as it is now, when it changed since the client saw it. The row must be locked
 * already, and whoever changes it moves `updated_at` on by a microsecond at least.
 */
export function requireVersion(
  context: OperationContext,
  entity: EntityDefinition,
  row: EntityRow,
  expected: ExpectedVersion,
): void {
  if (expected === null || expected === undefined) return
  const moment = parseTimestamp(expected)
  if (moment === undefined) {
    throw new AppError('BAD_USER_INPUT', 'expectedUpdatedAt must be a moment as updatedAt shows it.', {
      field: 'expectedUpdatedAt',
    })
  }
  if (moment === parseTimestamp(String(row['updatedAt']))) return
  throw new AppError('CONFLICT', `The ${entity.singular} was changed since; look at it and decide again.`, {
    field: 'expectedUpdatedAt',
    type: entity.name,
    ...(maySee(context, entity, row) ? { current: outerForm(entity, row) } : {}),
  })
}

function maySee(context: OperationContext, entity: EntityDefinition, row: EntityRow): boolean {
  const scope = readScope(context, entity)
  if (scope !== 'own') return scope === 'all'
  return entity.ownedBy !== undefined && row[entity.ownedBy.field] === personOf(context)
}

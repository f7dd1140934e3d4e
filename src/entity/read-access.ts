import { sql } from 'kysely'
import { all, always, columnRef, MAIN_ROW, never, type Condition } from './condition.js'
import type { EntityDefinition } from './entity.js'
import { forbidden, permits, personOf, requireModule, type OperationContext } from './operation-context.js'

/** Which rows of an entity an actor may read. */
export type ReadScope = 'all' | 'own' | 'none'

/** All rows with `<resource>.read`; without it a person's own rows, where the entity names an owner. */
export function readScope(context: OperationContext, entity: EntityDefinition): ReadScope {
  if (permits(context, `${entity.permission}.read`)) return 'all'
  return entity.ownedBy !== undefined && personOf(context) !== null ? 'own' : 'none'
}

/**
 * The part of every `where` that no client can change: live rows that the actor may read. Throws
 * MODULE_NOT_ENABLED or FORBIDDEN when there can be none.
 *
 * @param row - what the row is called in the statement
 */
export function readable(context: OperationContext, entity: EntityDefinition, row = MAIN_ROW): Condition {
  requireModule(context, entity.module)
  const live = entity.softDelete ? sql.raw(`${row}.deleted_at is null`) : always
  if (entity.readRule !== undefined) return all([live, entity.readRule(context, row)])
  switch (readScope(context, entity)) {
    case 'all':
      return live
    case 'own':
      return entity.ownedBy === undefined
        ? never
        : sql`(${live} and ${columnRef(entity.ownedBy, row)} = ${personOf(context)})`
    case 'none':
      throw forbidden(`${entity.permission}.read`)
  }
}

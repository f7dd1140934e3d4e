import { sql } from 'kysely'
import { AppError } from '../errors.js'
import { statements, type Session } from '../tenancy/session.js'
import { auditable, recordChange } from './audit-trail.js'
import type { EntityDefinition } from './entity.js'
import { deadReferences, storedValues } from './given-values.js'
import { personOf, type OperationContext } from './operation-context.js'
import { keyIs, label, tableOf, type EntityRow } from './rows.js'
import { sharedRefusal } from './shared-rows.js'
import { everything, nextVersion, notFound, subject } from './store.js'
import { requireAllowed } from './write-rule.js'

/**
 * Takes the mark of deletion off a row, and settles its entry in the register of deleted things. Throws NOT_FOUND
 * when there is no such row any more, CONFLICT when it is not deleted or when what it is a part of still is, and
 * CONFLICT_DUPLICATE when its name was taken meanwhile.
 */
export async function restoreRow(
  session: Session,
  context: OperationContext,
  entity: EntityDefinition,
  key: readonly string[],
): Promise<EntityRow> {
  const before = await lockDeleted(session, entity, key)
  await requireSurroundings(session, entity, before)
  await requireAllowed(session, entity, before)
  const query = sql<EntityRow>`${label(entity, 'restore')} update ${tableOf(entity)} as e
    set deleted_at = null, updated_at = ${nextVersion} where ${keyIs(entity, key)} returning ${everything(entity)}`
  const [row] = await session.run(query.compile(statements))
  if (row === undefined) throw notFound(entity)
  await settleRegister(session, context, entity, key)
  await recordChange(session, context, {
    ...subject(entity, row, 'restore'),
    newValues: auditable(entity, row, [...entity.columns.keys()]),
  })
  return row
}

async function lockDeleted(
  session: Session,
  entity: EntityDefinition,
  key: readonly string[],
): Promise<EntityRow> {
  const query = sql<
    EntityRow & { isDeleted: boolean }
  >`${label(entity, 'lock_deleted')} select ${everything(entity)}, e.deleted_at is not null as "isDeleted"
    from ${tableOf(entity)} e where ${keyIs(entity, key)} for update`
  const [row] = await session.run(query.compile(statements))
  if (row === undefined) throw (await sharedRefusal(session, entity, key)) ?? notFound(entity)
  if (row.isDeleted) return row
  throw new AppError('CONFLICT', `The ${entity.singular} is not deleted.`, { field: 'id' })
}

/** A part of something deleted would be nowhere to be found. */
async function requireSurroundings(
  session: Session,
  entity: EntityDefinition,
  row: EntityRow,
): Promise<void> {
  const within = (entity.restore?.within ?? []).map((field) => [field, row[field]] as const)
  const [dead] = await deadReferences(session, [storedValues(entity, Object.fromEntries(within))])
  if (dead === undefined) return
  throw new AppError('CONFLICT', `${dead.field} names an object that is deleted; restore that one first.`, {
    field: dead.field,
  })
}

async function settleRegister(
  session: Session,
  context: OperationContext,
  entity: EntityDefinition,
  [id]: readonly string[],
): Promise<void> {
  const query = sql`/* soft_deleted_items.settle */
    update soft_deleted_items set status = 'restored', review_decision = 'restore', reviewed_at = now(),
      reviewed_by = (select id from users where id = ${personOf(context)}), updated_at = now()
    where item_type = ${entity.permission} and item_id = ${id} and status in ('pending_review', 'approved')`
  await session.run(query.compile(statements))
}

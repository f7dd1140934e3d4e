import { sql, type RawBuilder } from 'kysely'
import { AppError } from '../errors.js'
import { statements, type Session } from '../tenancy/session.js'
import { auditable, changedObject, recordChange, type Change, type ChangedObject } from './audit-trail.js'
import { all, type Condition } from './condition.js'
import type { EntityDefinition } from './entity.js'
import { requireVersion, type ExpectedVersion } from './expected-version.js'
import { requireLive, storedValues, type GivenValue, type Values } from './given-values.js'
import { keyOf } from './global-id.js'
import type { OperationContext } from './operation-context.js'
import { personOf } from './operation-context.js'
import { keyIs, label, selectList, selectRows, tableOf, type EntityRow } from './rows.js'
import { sharedRefusal } from './shared-rows.js'
import { requireAllowed } from './write-rule.js'

/** Adds a row and its audit entry. */
export async function createRow(
  session: Session,
  context: OperationContext,
  entity: EntityDefinition,
  values: Values,
): Promise<EntityRow> {
  const given = storedValues(entity, values)
  await requireLive(session, given)
  await requireAllowed(session, entity, values)
  const row = await insertRow(session, entity, given)
  if (row === undefined) throw new Error(`insert into ${entity.table} returned nothing`)
  await recordChange(session, context, creation(entity, row, given))
  return row
}

/** @param tail - what stands behind the values: with `on conflict do nothing` there may be no row */
export async function insertRow(
  session: Session,
  entity: EntityDefinition,
  given: readonly GivenValue[],
  tail: RawBuilder<unknown> = sql``,
): Promise<EntityRow | undefined> {
  const columns = sql.raw(given.map(({ column }) => column.column).join(', '))
  const inserted =
    given.length === 0
      ? sql`default values`
      : sql`(${columns}) values (${sql.join(given.map(({ value }) => value))})`
  const query = sql<EntityRow>`${label(entity, 'insert')} insert into ${tableOf(entity)} as e ${inserted} ${tail} returning ${everything(entity)}`
  const [row] = await session.run(query.compile(statements))
  return row
}

/** The audit entry of a new row. */
export function creation(entity: EntityDefinition, row: EntityRow, given: readonly GivenValue[]): Change {
  const fields = given.map(({ column }) => column.field)
  return { ...subject(entity, row, 'create'), newValues: auditable(entity, row, fields) }
}

/** Changes a row and writes what changed into the audit trail; what is left out stays as it is. */
export async function updateRow(
  session: Session,
  context: OperationContext,
  entity: EntityDefinition,
  key: readonly string[],
  values: Values,
  expected?: ExpectedVersion,
): Promise<EntityRow> {
  const before = await lockRow(session, entity, key)
  requireVersion(context, entity, before, expected)
  const given = storedValues(entity, values)
  if (given.length === 0) return before
  await requireLive(session, given)
  await requireAllowed(session, entity, changesOf(before, values))
  const touched = entity.columns.has('updatedAt') ? [sql`updated_at = ${nextVersion}`] : []
  const assignments = [
    ...given.map(({ column, value }) => sql`${sql.raw(column.column)} = ${value}`),
    ...touched,
  ]
  const query = sql<EntityRow>`${label(entity, 'update')} update ${tableOf(entity)} as e set ${sql.join(assignments)} where ${keyIs(entity, key)} returning ${everything(entity)}`
  const [row] = await session.run(query.compile(statements))
  if (row === undefined) throw notFound(entity)
  const changed = given.map(({ column }) => column.field).filter((field) => !same(before[field], row[field]))
  if (changed.length > 0) {
    await recordChange(session, context, {
      ...subject(entity, row, 'update'),
      oldValues: auditable(entity, before, changed),
      newValues: auditable(entity, row, changed),
    })
  }
  return row
}

/**
 * The moment of a change. `now()` is when the transaction began: one that waited for the row would set it back, and
 * two versions could bear the same time.
 */
export const nextVersion: RawBuilder<unknown> = sql`greatest(now(), e.updated_at + interval '1 microsecond')`

/** Removes a row – or marks it, where the entity keeps its dead – and returns it as it was. */
export async function deleteRow(
  session: Session,
  context: OperationContext,
  entity: EntityDefinition,
  key: readonly string[],
  expected?: ExpectedVersion,
): Promise<EntityRow> {
  const before = await lockRow(session, entity, key)
  requireVersion(context, entity, before, expected)
  const query = entity.softDelete
    ? sql`${label(entity, 'mark_deleted')} update ${tableOf(entity)} as e set deleted_at = now(), updated_at = ${nextVersion} where ${keyIs(entity, key)}`
    : sql`${label(entity, 'delete')} delete from ${tableOf(entity)} as e where ${keyIs(entity, key)}`
  await session.run(query.compile(statements))
  if (entity.softDelete) await registerDeleted(session, context, entity, key)
  const fields = [...entity.columns.keys()]
  await recordChange(session, context, {
    ...subject(entity, before, 'delete'),
    oldValues: auditable(entity, before, fields),
  })
  return before
}

/** A live row, locked until the transaction ends. Throws NOT_FOUND, and FORBIDDEN for one that is shared. */
export async function lockRow(
  session: Session,
  entity: EntityDefinition,
  key: readonly string[],
): Promise<EntityRow> {
  const query = sql<EntityRow>`${label(entity, 'lock')} select ${everything(entity)} from ${tableOf(entity)} e where ${live(entity, key)} for update`
  const [row] = await session.run(query.compile(statements))
  if (row === undefined) throw (await sharedRefusal(session, entity, key)) ?? notFound(entity)
  return row
}

/** A live row by key, or undefined. */
export async function findRow(
  session: Session,
  entity: EntityDefinition,
  key: readonly string[],
  scope: Condition,
  fields: readonly string[],
): Promise<EntityRow | undefined> {
  const where = all([scope, keyIs(entity, key)])
  const [row] = await selectRows(session, entity, { fields, where })
  return row
}

/** The register from which deleted things are reviewed, restored or purged; it holds ids, never names. */
async function registerDeleted(
  session: Session,
  context: OperationContext,
  entity: EntityDefinition,
  key: readonly string[],
): Promise<void> {
  const query = sql`/* soft_deleted_items.insert */
    insert into soft_deleted_items (item_type, item_id, deleted_by)
    values (${entity.permission}, ${key[0]}, (select id from users where id = ${personOf(context)}))`
  await session.run(query.compile(statements))
}

/** All columns of a row. */
export function everything(entity: EntityDefinition): RawBuilder<unknown> {
  return selectList(entity, [...entity.columns.keys()])
}

function live(entity: EntityDefinition, key: readonly string[]): Condition {
  return entity.softDelete ? sql`${keyIs(entity, key)} and e.deleted_at is null` : keyIs(entity, key)
}

/** What an audit entry is about. */
export function subject(
  entity: EntityDefinition,
  row: EntityRow,
  eventType: string,
): { eventType: string; resourceType: string; resourceId: string; object: ChangedObject } {
  return {
    eventType,
    resourceType: entity.permission,
    resourceId: entity.key.map((field) => String(row[field])).join(' '),
    object: changedObject(entity, row),
  }
}

function changesOf(before: EntityRow, values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([field, value]) => !same(before[field], value)))
}

function same(before: unknown, after: unknown): boolean {
  return before === after || JSON.stringify(before) === JSON.stringify(after)
}

export function notFound(entity: EntityDefinition): AppError {
  return new AppError('NOT_FOUND', `There is no such ${entity.singular}, or you may not see it.`, {
    type: entity.name,
  })
}

/** The key in an object id a client sent. */
export function keyFromId(entity: EntityDefinition, id: string, field = 'id'): readonly string[] {
  const key = keyOf(id, entity.name, field)
  if (key.length === entity.key.length) return key
  throw new AppError('BAD_USER_INPUT', `${field} is not the id of a ${entity.name}.`, { field })
}

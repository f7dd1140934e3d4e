import { sql, type RawBuilder } from 'kysely'
import { AppError } from '../errors.js'
import { statements, type Session } from '../tenancy/session.js'
import { auditable, changedObject, recordChange, type ChangedObject } from './audit-trail.js'
import type { ColumnMeta } from './column.js'
import { all, fromClient, type Condition } from './condition.js'
import { entityOf, type EntityDefinition } from './entity.js'
import { keyOf } from './global-id.js'
import type { OperationContext } from './operation-context.js'
import { personOf } from './operation-context.js'
import { keyIs, label, selectList, selectRows, tableOf, type EntityRow } from './rows.js'

/** Values of a row by field name; ids of other objects are raw keys. */
export type Values = Readonly<Record<string, unknown>>

/** An input object of a client as values of a row. */
export function valuesOf(entity: EntityDefinition, input: Values): Values {
  return Object.fromEntries(
    Object.entries(input).flatMap(([field, value]) => {
      const column = entity.columns.get(field)
      return column === undefined || value === undefined ? [] : [[field, fromClient(column, value, field)]]
    }),
  )
}

/** Adds a row and its audit entry. */
export async function createRow(
  session: Session,
  context: OperationContext,
  entity: EntityDefinition,
  values: Values,
): Promise<EntityRow> {
  const given = storedValues(entity, values)
  await requireLive(session, given)
  const columns = sql.raw(given.map(({ column }) => column.column).join(', '))
  const inserted =
    given.length === 0
      ? sql`default values`
      : sql`(${columns}) values (${sql.join(given.map(({ value }) => value))})`
  const query = sql<EntityRow>`${label(entity, 'insert')} insert into ${tableOf(entity)} as e ${inserted} returning ${everything(entity)}`
  const [row] = await session.run(query.compile(statements))
  if (row === undefined) throw new Error(`insert into ${entity.table} returned nothing`)
  const fields = given.map(({ column }) => column.field)
  await recordChange(session, context, {
    ...subject(entity, row, 'create'),
    newValues: auditable(entity, row, fields),
  })
  return row
}

/** Changes a row and writes what changed into the audit trail; what is left out stays as it is. */
export async function updateRow(
  session: Session,
  context: OperationContext,
  entity: EntityDefinition,
  key: readonly string[],
  values: Values,
): Promise<EntityRow> {
  const before = await lockRow(session, entity, key)
  const given = storedValues(entity, values)
  if (given.length === 0) return before
  await requireLive(session, given)
  const touched = entity.columns.has('updatedAt') ? [sql`updated_at = now()`] : []
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

/** Removes a row – or marks it, where the entity keeps its dead – and returns it as it was. */
export async function deleteRow(
  session: Session,
  context: OperationContext,
  entity: EntityDefinition,
  key: readonly string[],
): Promise<EntityRow> {
  const before = await lockRow(session, entity, key)
  const query = entity.softDelete
    ? sql`${label(entity, 'mark_deleted')} update ${tableOf(entity)} as e set deleted_at = now(), updated_at = now() where ${keyIs(entity, key)}`
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

/** A live row, locked until the transaction ends. Throws NOT_FOUND. */
export async function lockRow(
  session: Session,
  entity: EntityDefinition,
  key: readonly string[],
): Promise<EntityRow> {
  const query = sql<EntityRow>`${label(entity, 'lock')} select ${everything(entity)} from ${tableOf(entity)} e where ${live(entity, key)} for update`
  const [row] = await session.run(query.compile(statements))
  if (row === undefined) throw notFound(entity)
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

/** Values with their columns, as parameters; an empty value for a column that must have one is refused. */
function storedValues(entity: EntityDefinition, values: Values): GivenValue[] {
  const given: GivenValue[] = []
  for (const [field, value] of Object.entries(values)) {
    const column = entity.columns.get(field)
    if (column === undefined || value === undefined) continue
    // `update(input: {name: null})` is well-typed GraphQL; whether the column may be empty is known here only.
    if (!column.nullable && isBlank(value)) {
      throw new AppError('BAD_USER_INPUT', `${field} cannot be empty. Leave it out to keep it as it is.`, {
        field,
      })
    }
    const parameter =
      column.kind === 'json' && value !== null ? sql`${JSON.stringify(value)}::jsonb` : sql`${value}`
    given.push({ column, value: parameter, key: column.kind === 'id' ? value : null })
  }
  return given
}

interface GivenValue {
  readonly column: ColumnMeta
  readonly value: RawBuilder<unknown>
  /** Key of the object that an id names. */
  readonly key: unknown
}

/**
 * Refuses to name what was marked as deleted: the foreign key is content with it. The lock lasts until the
 * transaction ends, so that nobody deletes the object in between.
 */
async function requireLive(session: Session, given: readonly GivenValue[]): Promise<void> {
  for (const { column, key } of given) {
    const target = key === null || column.references === undefined ? undefined : entityOf(column.references())
    if (target?.softDelete !== true) continue
    const query = sql`${label(target, 'require')} select from ${tableOf(target)} e where ${live(target, [String(key)])} for share`
    const rows = await session.run(query.compile(statements))
    if (rows.length > 0) continue
    throw new AppError('BAD_USER_INPUT', `${column.field} names an object that does not exist.`, {
      field: column.field,
    })
  }
}

/** A name of spaces names nothing. */
function isBlank(value: unknown): boolean {
  return value === null || (typeof value === 'string' && value.trim() === '')
}

function everything(entity: EntityDefinition): RawBuilder<unknown> {
  return selectList(entity, [...entity.columns.keys()])
}

function live(entity: EntityDefinition, key: readonly string[]): Condition {
  return entity.softDelete ? sql`${keyIs(entity, key)} and e.deleted_at is null` : keyIs(entity, key)
}

function subject(
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

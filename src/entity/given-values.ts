import { sql, type RawBuilder } from 'kysely'
import { AppError } from '../errors.js'
import { statements, type Session } from '../tenancy/session.js'
import type { ColumnMeta } from './column.js'
import { fromClient } from './condition.js'
import { entityOf, type EntityDefinition } from './entity.js'
import { keyIn, label, tableOf } from './rows.js'

/** Values of a row by field name; ids of other objects are raw keys. */
export type Values = Readonly<Record<string, unknown>>

/** A value that is to be stored, with its column. */
export interface GivenValue {
  readonly column: ColumnMeta
  readonly value: RawBuilder<unknown>
  /** Key of the object that an id names. */
  readonly key: unknown
}

/** An input object of a client as values of a row. */
export function valuesOf(entity: EntityDefinition, input: Values): Values {
  return Object.fromEntries(
    Object.entries(input).flatMap(([field, value]) => {
      const column = entity.columns.get(field)
      return column === undefined || value === undefined ? [] : [[field, fromClient(column, value, field)]]
    }),
  )
}

/** Values with their columns, as parameters; an empty value for a column that must have one is refused. */
export function storedValues(entity: EntityDefinition, values: Values): GivenValue[] {
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

/** Throws BAD_USER_INPUT when a value names what was marked as deleted; see {@link deadReferences}. */
export async function requireLive(session: Session, given: readonly GivenValue[]): Promise<void> {
  const [dead] = await deadReferences(session, [given])
  if (dead === undefined) return
  throw new AppError('BAD_USER_INPUT', `${dead.field} names an object that does not exist.`, {
    field: dead.field,
  })
}

/**
 * For each row, the first column that names what was marked as deleted: the foreign key is content with it. What is
 * live stays locked until the transaction ends, so that nobody deletes it in between. One statement per column.
 */
export async function deadReferences(
  session: Session,
  rows: readonly (readonly GivenValue[])[],
): Promise<(ColumnMeta | undefined)[]> {
  const dead = new Array<ColumnMeta | undefined>(rows.length).fill(undefined)
  for (const [column, keys] of keysByColumn(rows)) {
    const live = await lockLive(session, entityOf(column.references!()), keys)
    rows.forEach((row, index) => {
      const key = row.find((each) => each.column === column)?.key ?? null
      if (key !== null && !live.has(String(key))) dead[index] ??= column
    })
  }
  return dead
}

/** The keys that rows name in columns whose target keeps its dead. */
function keysByColumn(rows: readonly (readonly GivenValue[])[]): Map<ColumnMeta, Set<string>> {
  const keys = new Map<ColumnMeta, Set<string>>()
  for (const { column, key } of rows.flat()) {
    if (key === null || column.references === undefined) continue
    if (!entityOf(column.references()).softDelete) continue
    keys.set(column, (keys.get(column) ?? new Set()).add(String(key)))
  }
  return keys
}

/** Locks in the order of the keys, so that two batches that name the same objects do not wait for each other. */
async function lockLive(
  session: Session,
  target: EntityDefinition,
  keys: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const [field = 'id'] = target.key
  const named = keyIn(target, field, [...keys])
  // Shared rows are never deleted, and no organization may lock them.
  const shared =
    target.shared === undefined
      ? sql``
      : sql` union all select e.id::text from ${sql.raw(target.shared.table)} e where ${named}`
  const query = sql<{ id: string }>`${label(target, 'require')}
    select id from (
      select e.id::text as id from ${tableOf(target)} e
      where ${named} and e.deleted_at is null order by e.id for share
    ) own${shared}`
  const rows = await session.run(query.compile(statements))
  return new Set(rows.map(({ id }) => id))
}

/** A name of spaces names nothing. */
function isBlank(value: unknown): boolean {
  return value === null || (typeof value === 'string' && value.trim() === '')
}

import { sql, type RawBuilder } from 'kysely'
import { AppError } from '../errors.js'
import type { ColumnMeta } from './column.js'
import { keyOf } from './global-id.js'

export type Condition = RawBuilder<unknown>
/** A filter as GraphQL delivers it: operators by field, and the three connectives. */
export type FilterInput = Readonly<Record<string, unknown>>

/** The row a statement is about is always called `e`. */
export function columnRef(column: Pick<ColumnMeta, 'column'>): RawBuilder<unknown> {
  return sql.raw(`e.${column.column}`)
}

export const always: Condition = sql`true`
export const never: Condition = sql`false`

export function all(conditions: readonly Condition[]): Condition {
  const [first, ...rest] = conditions
  if (first === undefined) return always
  return rest.length === 0 ? first : sql`(${sql.join(conditions, sql` and `)})`
}

export function any(conditions: readonly Condition[]): Condition {
  const [first, ...rest] = conditions
  if (first === undefined) return never
  return rest.length === 0 ? first : sql`(${sql.join(conditions, sql` or `)})`
}

/**
 * A filter as SQL. Semantics of empty values: `ne` and `notIn` hold for them, every other operator but `isNull`
 * does not; comparing with `null` is refused, because `isNull` says it better.
 *
 * @param columns - the filterable columns by field name
 * @param path - where the filter stands in the request, for messages
 */
export function filterCondition(
  filter: FilterInput | null | undefined,
  columns: ReadonlyMap<string, ColumnMeta>,
  path = 'filter',
): Condition {
  const conditions: Condition[] = []
  for (const [field, value] of Object.entries(filter ?? {})) {
    if (value === undefined) continue
    const at = `${path}.${field}`
    if (value === null) throw nullRefused(at)
    if (field === 'and') conditions.push(all(branches(value, columns, at)))
    else if (field === 'or') conditions.push(any(branches(value, columns, at)))
    else if (field === 'not')
      conditions.push(sql`(${filterCondition(value as FilterInput, columns, at)}) is not true`)
    else conditions.push(columnCondition(columns.get(field) as ColumnMeta, value as FilterInput, at))
  }
  return all(conditions)
}

function branches(value: unknown, columns: ReadonlyMap<string, ColumnMeta>, at: string): Condition[] {
  return (value as FilterInput[]).map((branch, index) => filterCondition(branch, columns, `${at}[${index}]`))
}

function columnCondition(column: ColumnMeta, operators: FilterInput, path: string): Condition {
  const conditions: Condition[] = []
  for (const [operator, value] of Object.entries(operators)) {
    if (value === undefined) continue
    if (value === null) throw nullRefused(`${path}.${operator}`)
    conditions.push(operatorCondition(column, operator, value, `${path}.${operator}`))
  }
  return all(conditions)
}

function operatorCondition(column: ColumnMeta, operator: string, value: unknown, path: string): Condition {
  const ref = columnRef(column)
  const stored = (item: unknown): unknown => fromClient(column, item, path)
  switch (operator) {
    case 'eq':
      return sql`${ref} = ${stored(value)}`
    case 'ne':
      return sql`${ref} is distinct from ${stored(value)}`
    case 'in':
      return sql`${ref} = any(${(value as unknown[]).map(stored)})`
    case 'notIn':
      return sql`(${ref} = any(${(value as unknown[]).map(stored)})) is not true`
    case 'lt':
      return sql`${ref} < ${stored(value)}`
    case 'lte':
      return sql`${ref} <= ${stored(value)}`
    case 'gt':
      return sql`${ref} > ${stored(value)}`
    case 'gte':
      return sql`${ref} >= ${stored(value)}`
    case 'isNull':
      return value === true ? sql`${ref} is null` : sql`${ref} is not null`
    case 'contains':
      return sql`${ref} like ${`%${escapePattern(value)}%`}`
    case 'startsWith':
      return sql`${ref} like ${`${escapePattern(value)}%`}`
    case 'iContains':
      return sql`${ref} ilike ${`%${escapePattern(value)}%`}`
    case 'iStartsWith':
      return sql`${ref} ilike ${`${escapePattern(value)}%`}`
    default:
      throw new TypeError(`unknown filter operator ${operator}`)
  }
}

/** A client's value as services work with it: ids lose their wrapping, texts are checked for what cannot be stored. */
export function fromClient(column: ColumnMeta, value: unknown, path: string): unknown {
  if (value === null || value === undefined) return value
  if (column.kind === 'id') return keyOf(String(value), nameOf(column), path)[0]
  if (typeof value === 'string' && value.includes('\0')) {
    throw new AppError('BAD_USER_INPUT', `${path} holds a NUL character, which cannot be stored.`, {
      field: path,
    })
  }
  return value
}

/** Name of the type whose ids a column holds. */
function nameOf(column: ColumnMeta): string {
  const target = column.references?.()
  if (target === undefined) throw new TypeError(`${column.field} does not say what it references`)
  return target.name
}

function escapePattern(value: unknown): string {
  return String(value).replace(/[\\%_]/g, '\\$&')
}

function nullRefused(path: string): AppError {
  return new AppError('BAD_USER_INPUT', `${path} is null. To look for empty values, use isNull.`, {
    field: path,
  })
}

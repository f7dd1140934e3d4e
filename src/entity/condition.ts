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

/** How many operators, connectives and branches one filter may hold. */
export const MOST_CONDITIONS = 1_000

/**
 * A filter as SQL. Semantics of empty values: `ne` and `notIn` hold for them, every other operator but `isNull`
 * does not; comparing with `null` is refused, because `isNull` says it better. Throws BAD_USER_INPUT, and
 * LIMIT_EXCEEDED beyond {@link MOST_CONDITIONS}.
 *
 * @param columns - the filterable columns by field name
 * @param path - where the filter stands in the request, for messages
 */
export function filterCondition(
  filter: FilterInput | null | undefined,
  columns: ReadonlyMap<string, ColumnMeta>,
  path = 'filter',
): Condition {
  checkSize(filter, path)
  return conditionOf(filter, columns, path)
}

/** Counts fields, operators and branches; the values of `in` and `notIn` go into one parameter and count once. */
function checkSize(filter: FilterInput | null | undefined, path: string): void {
  const open: unknown[] = [filter]
  let asked = 0
  // Without recursion: it would overflow on what a client nests deeply enough.
  while (open.length > 0) {
    const parts: unknown[] = Object.values(open.pop() ?? {})
    const counted = parts.filter((part) => part !== undefined)
    asked += counted.length
    open.push(...counted.filter((part) => isObject(part) || (Array.isArray(part) && part.some(isObject))))
  }
  if (asked <= MOST_CONDITIONS) return
  throw new AppError(
    'LIMIT_EXCEEDED',
    `${path} holds ${asked} conditions; at most ${MOST_CONDITIONS} are accepted.`,
    { limit: path, allowed: MOST_CONDITIONS, asked },
  )
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function conditionOf(
  filter: FilterInput | null | undefined,
  columns: ReadonlyMap<string, ColumnMeta>,
  path: string,
): Condition {
  const conditions: Condition[] = []
  for (const [field, value] of Object.entries(filter ?? {})) {
    if (value === undefined) continue
    const at = `${path}.${field}`
    if (value === null) throw nullRefused(at)
    if (field === 'and') conditions.push(all(branches(value, columns, at)))
    else if (field === 'or') conditions.push(any(branches(value, columns, at)))
    else if (field === 'not')
      conditions.push(sql`(${conditionOf(value as FilterInput, columns, at)}) is not true`)
    else conditions.push(columnCondition(columns.get(field) as ColumnMeta, value as FilterInput, at))
  }
  return all(conditions)
}

function branches(value: unknown, columns: ReadonlyMap<string, ColumnMeta>, at: string): Condition[] {
  return (value as FilterInput[]).map((branch, index) => conditionOf(branch, columns, `${at}[${index}]`))
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
  // A number beyond an integer column is less or more than all of its values; as an integer it would be an error.
  const wide = column.kind === 'int'
  const one = (): Condition => (wide ? sql`${stored(value)}::bigint` : sql`${stored(value)}`)
  const many = (): Condition => {
    const values = (value as unknown[]).map(stored)
    return wide ? sql`${values}::bigint[]` : sql`${values}`
  }
  switch (operator) {
    case 'eq':
      return sql`${ref} = ${one()}`
    case 'ne':
      return sql`${ref} is distinct from ${one()}`
    case 'in':
      return sql`${ref} = any(${many()})`
    case 'notIn':
      return sql`(${ref} = any(${many()})) is not true`
    case 'lt':
      return sql`${ref} < ${one()}`
    case 'lte':
      return sql`${ref} <= ${one()}`
    case 'gt':
      return sql`${ref} > ${one()}`
    case 'gte':
      return sql`${ref} >= ${one()}`
    case 'isNull':
      return value === true ? sql`${ref} is null` : sql`${ref} is not null`
    case 'contains':
      return sql`${ref} like ${`%${escapePattern(stored(value))}%`}`
    case 'startsWith':
      return sql`${ref} like ${`${escapePattern(stored(value))}%`}`
    case 'iContains':
      return sql`${ref} ilike ${`%${escapePattern(stored(value))}%`}`
    case 'iStartsWith':
      return sql`${ref} ilike ${`${escapePattern(stored(value))}%`}`
    default:
      throw new TypeError(`unknown filter operator ${operator}`)
  }
}

/** A client's value as services work with it: ids lose their wrapping, texts are checked for what cannot be stored. */
export function fromClient(column: ColumnMeta, value: unknown, path: string): unknown {
  if (value === null || value === undefined) return value
  if (column.kind === 'id') return keyOf(String(value), nameOf(column), path)[0]
  if (column.kind === 'json') return storableJson(value, path)
  if (!UNSTORABLE.test(String(value))) return value
  throw unstorable(path)
}

/** Characters of JSON text that one value may have. */
export const LONGEST_JSON = 65_536

function storableJson(value: unknown, path: string): unknown {
  const text = JSON.stringify(value)
  if (UNSTORABLE_ESCAPE.test(text)) throw unstorable(path)
  if (text.length <= LONGEST_JSON) return value
  throw new AppError(
    'LIMIT_EXCEEDED',
    `${path} has ${text.length} characters of JSON; at most ${LONGEST_JSON} are kept.`,
    { field: path, limit: path, allowed: LONGEST_JSON, asked: text.length },
  )
}

function unstorable(path: string): AppError {
  return new AppError(
    'BAD_USER_INPUT',
    `${path} holds a character that cannot be stored (NUL or half a surrogate pair).`,
    { field: path },
  )
}

/** Characters that Postgres' text cannot hold, and how JSON writes them. */
const UNSTORABLE = /\0|\p{Surrogate}/u
const UNSTORABLE_ESCAPE = /(?:^|[^\\])(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/i

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

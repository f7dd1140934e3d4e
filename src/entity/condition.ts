import { sql, type RawBuilder } from 'kysely'
import { AppError } from '../errors.js'
import type { ColumnMeta } from './column.js'
import { keyOf } from './global-id.js'

export type Condition = RawBuilder<unknown>

/** What the row a statement is about is called in it; rows of relations get names of their own. */
export const MAIN_ROW = 'e'

/** A column of the row that is called `row`. */
export function columnRef(column: Pick<ColumnMeta, 'column'>, row = MAIN_ROW): RawBuilder<unknown> {
  return sql.raw(`${row}.${column.column}`)
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

/** A client's value as services work with it: ids lose their wrapping, texts are checked for what cannot be stored. */
export function fromClient(column: ColumnMeta, value: unknown, path: string): unknown {
  if (value === null || value === undefined) return value
  if (column.kind === 'id') return keyOf(String(value), nameOf(column), path)[0]
  if (column.kind === 'json') {
    const text = JSON.stringify(value)
    refuseUnstorable(UNSTORABLE_ESCAPE.test(text), path)
    refuseLong(text, path)
  } else refuseUnstorable(UNSTORABLE.test(String(value)), path)
  return value
}

/** Characters of JSON text that one value may have. */
export const LONGEST_JSON = 65_536

/** Throws LIMIT_EXCEEDED. */
function refuseLong(text: string, path: string): void {
  if (text.length <= LONGEST_JSON) return
  throw new AppError(
    'LIMIT_EXCEEDED',
    `${path} has ${text.length} characters of JSON; at most ${LONGEST_JSON} are kept.`,
    { field: path, limit: path, allowed: LONGEST_JSON, asked: text.length },
  )
}

/** Throws BAD_USER_INPUT. */
export function refuseUnstorable(found: boolean, path: string): void {
  if (!found) return
  throw new AppError(
    'BAD_USER_INPUT',
    `${path} holds a character that cannot be stored (NUL or half a surrogate pair).`,
    { field: path },
  )
}

/** Characters that Postgres' text cannot hold, and how JSON writes them. */
export const UNSTORABLE = /\0|\p{Surrogate}/u
const UNSTORABLE_ESCAPE = /(?:^|[^\\])(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/i

/** Name of the type whose ids a column holds. */
function nameOf(column: ColumnMeta): string {
  const target = column.references?.()
  if (target === undefined) throw new TypeError(`${column.field} does not say what it references`)
  return target.name
}

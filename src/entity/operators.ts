import { sql, type RawBuilder } from 'kysely'
import { AppError } from '../errors.js'
import { all, fromClient, refuseUnstorable, UNSTORABLE, type Condition } from './condition.js'
import type { ColumnMeta } from './column.js'
import { checkedDuration } from './duration.js'

/** Operators with their operands, as GraphQL delivers them. */
export type Operators = Readonly<Record<string, unknown>>

/**
 * What one filterable value must be like; all operators must hold. `ne` and `notIn` hold for an empty value, every
 * other operator but `isNull` does not. Throws BAD_USER_INPUT for null and for values that cannot be stored.
 *
 * @param value - the SQL expression of what is compared
 * @param path - where the operators stand in the request, for messages
 */
export function valueCondition(
  value: RawBuilder<unknown>,
  column: ColumnMeta,
  operators: Operators,
  path: string,
): Condition {
  const conditions: Condition[] = []
  for (const [operator, operand] of Object.entries(operators)) {
    if (operand === undefined) continue
    const at = `${path}.${operator}`
    if (operand === null) throw nullRefused(at)
    conditions.push(operatorCondition(value, column, operator, operand, at))
  }
  return all(conditions)
}

function operatorCondition(
  ref: RawBuilder<unknown>,
  column: ColumnMeta,
  operator: string,
  operand: unknown,
  path: string,
): Condition {
  const stored = (item: unknown): unknown => fromClient(column, item, path)
  // A number beyond an integer column is less or more than all of its values; as an integer it would be an error.
  const wide = column.kind === 'int'
  const one = (): Condition => (wide ? sql`${stored(operand)}::bigint` : sql`${stored(operand)}`)
  const many = (): Condition => {
    const values = (operand as unknown[]).map(stored)
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
      return operand === true ? sql`${ref} is null` : sql`${ref} is not null`
    case 'contains':
      return sql`${ref} like ${`%${escapePattern(stored(operand))}%`}`
    case 'startsWith':
      return sql`${ref} like ${`${escapePattern(stored(operand))}%`}`
    case 'iContains':
      return sql`${ref} ilike ${`%${escapePattern(stored(operand))}%`}`
    case 'iStartsWith':
      return sql`${ref} ilike ${`${escapePattern(stored(operand))}%`}`
    case 'range':
      return rangeCondition(ref, operand as Operators, path)
    case 'containsJson':
      return sql`${ref} @> ${JSON.stringify(stored(operand))}::jsonb`
    case 'path':
      return all(
        (operand as Operators[]).map((step, index) => jsonCondition(ref, step, column, `${path}[${index}]`)),
      )
    default:
      throw new TypeError(`unknown filter operator ${operator}`)
  }
}

/** A stretch of time: it holds its first moment and not its last. Relative ends are counted from the operation's start. */
function rangeCondition(ref: RawBuilder<unknown>, range: Operators, path: string): Condition {
  const conditions: Condition[] = []
  const duration = (bound: string): string => checkedDuration(String(range[bound]), `${path}.${bound}`)
  // Days and months are counted in UTC, whatever the time zone of the database.
  const shifted = (sign: '+' | '-', by: string, from: Condition): Condition =>
    sql`(${from} ${sql.raw(sign)} ${by}::interval)`
  const given = Object.entries(range).filter(([, bound]) => bound !== undefined)
  const names = new Set(given.map(([bound]) => bound))
  for (const [bound, value] of given) if (value === null) throw nullRefused(`${path}.${bound}`)
  if (names.has('ago') && !names.has('last') && !names.has('next')) {
    throw new AppError('BAD_USER_INPUT', `${path}.ago moves last or next; neither is given.`, {
      field: `${path}.ago`,
    })
  }
  const start = sql`now() at time zone 'UTC'`
  const now = names.has('ago') ? shifted('-', duration('ago'), start) : sql`(${start})`
  const moment = (local: Condition): Condition => sql`${local} at time zone 'UTC'`
  if (names.has('from')) conditions.push(sql`${ref} >= ${range['from']}::timestamptz`)
  if (names.has('until')) conditions.push(sql`${ref} < ${range['until']}::timestamptz`)
  if (names.has('last') || names.has('next')) {
    const first = names.has('last') ? shifted('-', duration('last'), now) : now
    const end = names.has('next') ? shifted('+', duration('next'), now) : now
    conditions.push(sql`${ref} >= ${moment(first)}`, sql`${ref} < ${moment(end)}`)
  }
  // Also without ends it is a statement about a moment, which an empty value is not.
  return conditions.length === 0 ? sql`${ref} is not null` : all(conditions)
}

/** How many steps a path into JSON may have. */
const LONGEST_PATH = 16

const JSON_VALUES = {
  text: { kind: 'string', type: 'string', cast: '' },
  number: { kind: 'decimal', type: 'number', cast: '::numeric' },
  boolean: { kind: 'boolean', type: 'boolean', cast: '::boolean' },
} as const

/** What stands at one place of a JSON value. A value of another type than asked for counts as an empty one. */
function jsonCondition(
  ref: RawBuilder<unknown>,
  { at, ...operators }: Operators,
  column: ColumnMeta,
  path: string,
): Condition {
  const steps = at as readonly string[]
  if (steps.length === 0 || steps.length > LONGEST_PATH) {
    throw new AppError('BAD_USER_INPUT', `${path}.at must have 1 to ${LONGEST_PATH} steps.`, {
      field: `${path}.at`,
    })
  }
  refuseUnstorable(
    steps.some((step) => UNSTORABLE.test(step)),
    `${path}.at`,
  )
  const found = sql`(${ref} #> ${steps}::text[])`
  const conditions: Condition[] = []
  for (const [operator, operand] of Object.entries(operators)) {
    if (operand === undefined) continue
    if (operand === null) throw nullRefused(`${path}.${operator}`)
    if (operator === 'exists') {
      conditions.push(operand === true ? sql`${found} is not null` : sql`${found} is null`)
      continue
    }
    const { kind, type, cast } = JSON_VALUES[operator as keyof typeof JSON_VALUES]
    // A cast outside of the case would be tried on values of other types as well.
    const value = sql`(case when jsonb_typeof(${found}) = ${type} then (${ref} #>> ${steps}::text[])${sql.raw(cast)} end)`
    conditions.push(valueCondition(value, { ...column, kind }, operand as Operators, `${path}.${operator}`))
  }
  return all(conditions)
}

function escapePattern(value: unknown): string {
  return String(value).replace(/[\\%_]/g, '\\$&')
}

/** Comparing with null is refused: isNull says it better. */
export function nullRefused(path: string): AppError {
  return new AppError('BAD_USER_INPUT', `${path} is null. To look for empty values, use isNull.`, {
    field: path,
  })
}

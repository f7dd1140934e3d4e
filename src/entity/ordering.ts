import { sql, type RawBuilder } from 'kysely'
import { Field, InputType, registerEnumType } from 'type-graphql'
import { AppError } from '../errors.js'
import type { ColumnKind, ColumnMeta, EntityClass } from './column.js'
import { all, any, columnRef, type Condition } from './condition.js'

export enum SortDirection {
  ASC = 'asc',
  DESC = 'desc',
}
registerEnumType(SortDirection, {
  name: 'SortDirection',
  description: 'Which way a list is sorted.',
  valuesConfig: {
    ASC: { description: 'Smallest, earliest or alphabetically first on top.' },
    DESC: { description: 'Largest, latest or alphabetically last on top.' },
  },
})

export enum NullsOrder {
  FIRST = 'first',
  LAST = 'last',
}
registerEnumType(NullsOrder, {
  name: 'NullsOrder',
  description: 'Where objects without a value stand in a sorted list.',
  valuesConfig: {
    FIRST: { description: 'On top.' },
    LAST: { description: 'At the bottom.' },
  },
})

/** One sort criterion as a client gives it. */
export interface OrderInput {
  readonly field: string
  readonly direction?: SortDirection
  readonly nulls?: NullsOrder
}

/** One sort criterion, complete: every list's order ends with the key, so that no two rows tie. */
export interface OrderTerm {
  readonly column: ColumnMeta
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** Makes `<Entity>OrderField` and `<Entity>Order` from the sortable columns. */
export function defineOrder(entityName: string, columns: readonly ColumnMeta[]): EntityClass {
  const fields = Object.fromEntries(columns.map(({ field }) => [enumName(field), field]))
  registerEnumType(fields, {
    name: `${entityName}OrderField`,
    description: `What a list of ${entityName} objects can be sorted by.`,
    valuesConfig: Object.fromEntries(
      columns.map(({ field, description }) => [enumName(field), { description }]),
    ),
  })
  return defineOrderInput(`${entityName}Order`, fields, {
    about: `One sort criterion of a list of ${entityName} objects. Ties are broken by the next one, at last by the id.`,
    of: 'objects',
  })
}

/** An input of what to sort by, which way, and where what has no value stands. */
export function defineOrderInput(
  name: string,
  fields: Readonly<Record<string, string>>,
  { about, of }: { readonly about: string; readonly of: string },
): EntityClass {
  const orderClass = class {}
  const declare = (field: string, type: () => object, options: object): void =>
    Field(type, options)(orderClass.prototype, field)
  declare('field', () => fields, { description: 'What to sort by.' })
  declare('direction', () => SortDirection, {
    defaultValue: SortDirection.ASC,
    description: 'Which way to sort.',
  })
  declare('nulls', () => NullsOrder, {
    defaultValue: NullsOrder.LAST,
    description: `Where ${of} without a value stand.`,
  })
  InputType(name, { description: about })(orderClass)
  return orderClass
}

/** `occurredAt` → `OCCURRED_AT`. */
export function enumName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

/**
 * The complete order of a list: what the client or the entity asks for, then the key in the last term's direction.
 * Throws BAD_USER_INPUT when a field is named twice: it could not matter any more.
 */
export function completeOrder(
  order: readonly OrderInput[],
  columns: ReadonlyMap<string, ColumnMeta>,
  key: readonly string[],
): readonly OrderTerm[] {
  order.forEach(({ field }, index) => {
    if (order.findIndex((term) => term.field === field) === index) return
    throw new AppError('BAD_USER_INPUT', `orderBy names ${enumName(field)} twice.`, {
      field: `orderBy[${index}].field`,
    })
  })
  const terms = order.map(({ field, direction, nulls }) => ({
    column: columns.get(field) as ColumnMeta,
    descending: direction === SortDirection.DESC,
    nullsFirst: nulls === NullsOrder.FIRST,
  }))
  const descending = terms.at(-1)?.descending ?? false
  for (const field of key) {
    if (terms.some(({ column }) => column.field === field)) continue
    terms.push({ column: columns.get(field) as ColumnMeta, descending, nullsFirst: false })
  }
  return terms
}

/** The same order from the other end. */
export function reversed(order: readonly OrderTerm[]): readonly OrderTerm[] {
  return order.map(({ column, descending, nullsFirst }) => ({
    column,
    descending: !descending,
    nullsFirst: !nullsFirst,
  }))
}

export function orderBy(order: readonly OrderTerm[]): RawBuilder<unknown> {
  return sql.raw(
    order
      .map(({ column, descending, nullsFirst }) => {
        const nulls = column.nullable ? (nullsFirst ? ' nulls first' : ' nulls last') : ''
        return `e.${column.column}${descending ? ' desc' : ''}${nulls}`
      })
      .join(', '),
  )
}

/** SQL types by which a cursor's texts come back as values, exactly. */
const CURSOR_TYPES: Partial<Record<ColumnKind, string>> = {
  id: 'uuid',
  int: 'bigint',
  decimal: 'numeric',
  money: 'numeric',
  datetime: 'timestamptz',
  boolean: 'boolean',
}

/**
 * The rows that come after a position in an order (keyset pagination). Null-aware: a row without a value has a
 * place in the order like any other, and comparing with null in plain SQL would lose it.
 *
 * @param values - the position's sort values as texts, one for each term
 * @param inclusive - whether the row at the position is meant as well
 */
export function afterPosition(
  order: readonly OrderTerm[],
  values: readonly (string | null)[],
  inclusive = false,
): Condition {
  const position = order.map(({ column }, index) => {
    const value = values[index]
    return value === null || value === undefined
      ? null
      : sql`${value}::${sql.raw(CURSOR_TYPES[column.kind] ?? 'text')}`
  })
  const [first] = order
  const uniform = order.every((term) => !term.column.nullable && term.descending === first?.descending)
  if (uniform && position.every((value) => value !== null)) {
    // One row comparison, which an index on these columns answers directly.
    const columns = sql.join(order.map(({ column }) => columnRef(column)))
    const operator = `${first?.descending === true ? '<' : '>'}${inclusive ? '=' : ''}`
    return sql`(${columns}) ${sql.raw(operator)} (${sql.join(position)})`
  }
  const equal = order.map(({ column }, index) => {
    const value = position[index]
    return value ? sql`${columnRef(column)} = ${value}` : sql`${columnRef(column)} is null`
  })
  const alternatives = order.flatMap((term, index) => {
    const beyond = comesAfter(term, position[index] ?? null)
    return beyond === undefined ? [] : [all([...equal.slice(0, index), beyond])]
  })
  return any(inclusive ? [...alternatives, all(equal)] : alternatives)
}

/** Where one column lies beyond a value, or undefined when nothing can. */
function comesAfter(
  { column, descending, nullsFirst }: OrderTerm,
  value: RawBuilder<unknown> | null,
): Condition | undefined {
  const ref = columnRef(column)
  if (value === null) return nullsFirst ? sql`${ref} is not null` : undefined
  const beyond = descending ? sql`${ref} < ${value}` : sql`${ref} > ${value}`
  return column.nullable && !nullsFirst ? sql`(${beyond} or ${ref} is null)` : beyond
}

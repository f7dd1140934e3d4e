import { sql, type RawBuilder } from 'kysely'
import { Field, InputType, registerEnumType } from 'type-graphql'
import { AppError } from '../errors.js'
import type { ColumnKind, ColumnMeta, EntityClass } from './column.js'
import { all, any, columnRef, type Condition } from './condition.js'
import { RELEVANCE } from './search.js'

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
  readonly field: string
  /** The sort value in SQL. */
  readonly value: Condition
  /** SQL type by which a cursor's text comes back as this value, exactly. */
  readonly type: string
  readonly nullable: boolean
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** Makes `<Entity>OrderField` and `<Entity>Order` from the sortable columns. */
export function defineOrder(
  entityName: string,
  columns: readonly Pick<ColumnMeta, 'field' | 'description'>[],
): EntityClass {
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
 * Throws BAD_USER_INPUT when a field is named twice: it could not matter any more; and for relevance where nothing is
 * searched for.
 *
 * @param rank - how well a row fits what is searched for
 */
export function completeOrder(
  order: readonly OrderInput[],
  columns: ReadonlyMap<string, ColumnMeta>,
  key: readonly string[],
  rank?: Condition,
): readonly OrderTerm[] {
  const terms = order.map(({ field, direction, nulls }, index): OrderTerm => {
    const refuse = (reason: string): AppError =>
      new AppError('BAD_USER_INPUT', `orderBy names ${enumName(field)}${reason}`, {
        field: `orderBy[${index}].field`,
      })
    if (order.findIndex((term) => term.field === field) !== index) throw refuse(' twice.')
    const way = {
      descending: direction === SortDirection.DESC,
      nullsFirst: nulls === NullsOrder.FIRST,
    }
    if (field !== RELEVANCE) return { ...columnTerm(columns.get(field) as ColumnMeta), ...way }
    if (rank === undefined) throw refuse(', which only a search has.')
    return { field, value: rank, type: 'real', nullable: false, ...way }
  })
  const descending = terms.at(-1)?.descending ?? false
  for (const field of key) {
    if (terms.some((term) => term.field === field)) continue
    terms.push({ ...columnTerm(columns.get(field) as ColumnMeta), descending, nullsFirst: false })
  }
  return terms
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

function columnTerm(column: ColumnMeta): Pick<OrderTerm, 'field' | 'value' | 'type' | 'nullable'> {
  const { field, kind, nullable } = column
  return { field, value: columnRef(column), type: CURSOR_TYPES[kind] ?? 'text', nullable }
}

/** The same order from the other end. */
export function reversed(order: readonly OrderTerm[]): readonly OrderTerm[] {
  return order.map((term) => ({ ...term, descending: !term.descending, nullsFirst: !term.nullsFirst }))
}

export function orderBy(order: readonly OrderTerm[]): RawBuilder<unknown> {
  return sql.join(
    order.map(({ value, nullable, descending, nullsFirst }) => {
      const nulls = nullable ? (nullsFirst ? ' nulls first' : ' nulls last') : ''
      return sql`${value}${sql.raw(`${descending ? ' desc' : ''}${nulls}`)}`
    }),
  )
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
  const position = order.map(({ type }, index) => {
    const value = values[index]
    return value === null || value === undefined ? null : sql`${value}::${sql.raw(type)}`
  })
  const [first] = order
  const uniform = order.every((term) => !term.nullable && term.descending === first?.descending)
  if (uniform && position.every((value) => value !== null)) {
    // One row comparison, which an index on these columns answers directly.
    const columns = sql.join(order.map(({ value }) => value))
    const operator = `${first?.descending === true ? '<' : '>'}${inclusive ? '=' : ''}`
    return sql`(${columns}) ${sql.raw(operator)} (${sql.join(position)})`
  }
  const equal = order.map(({ value }, index) => {
    const at = position[index]
    return at ? sql`${value} = ${at}` : sql`${value} is null`
  })
  const alternatives = order.flatMap((term, index) => {
    const beyond = comesAfter(term, position[index] ?? null)
    return beyond === undefined ? [] : [all([...equal.slice(0, index), beyond])]
  })
  return any(inclusive ? [...alternatives, all(equal)] : alternatives)
}

/** Where one sort value lies beyond another, or undefined when nothing can. */
function comesAfter(
  { value, nullable, descending, nullsFirst }: OrderTerm,
  at: RawBuilder<unknown> | null,
): Condition | undefined {
  if (at === null) return nullsFirst ? sql`${value} is not null` : undefined
  const beyond = descending ? sql`${value} < ${at}` : sql`${value} > ${at}`
  return nullable && !nullsFirst ? sql`(${beyond} or ${value} is null)` : beyond
}

import type { GraphQLScalarType } from 'graphql'
import { Field, ID, InputType } from 'type-graphql'
import type { ColumnKind, ColumnMeta, EntityClass } from './column.js'
import { DateTime, Decimal, SafeInt } from './scalars.js'

type FieldType = GraphQLScalarType | StringConstructor | BooleanConstructor | object

const EQUALITY = {
  eq: 'Equal to.',
  ne: 'Not equal to; true for an empty value.',
} as const
const MEMBERSHIP = {
  in: 'One of these. An empty list matches nothing.',
  notIn: 'None of these; true for an empty value. An empty list matches everything.',
} as const
const RANGE = {
  lt: 'Less than (before).',
  lte: 'At most (not after).',
  gt: 'Greater than (after).',
  gte: 'At least (not before).',
} as const
const TEXT = {
  contains: 'Holds this text, letter case as given.',
  startsWith: 'Begins with this text, letter case as given.',
  iContains: 'Holds this text, whatever the letter case.',
  iStartsWith: 'Begins with this text, whatever the letter case.',
} as const

/** Makes the input class of one kind of column. Input classes are built eagerly: inside thunks they are lost. */
function operators(
  name: string,
  about: string,
  type: FieldType,
  fields: Record<string, string>,
): EntityClass {
  const inputClass = class {}
  for (const [field, description] of Object.entries(fields)) {
    const list = field === 'in' || field === 'notIn'
    Field(() => (list ? [type] : type), { nullable: true, description })(inputClass.prototype, field)
  }
  Field(() => Boolean, { nullable: true, description: 'True: has no value. False: has one.' })(
    inputClass.prototype,
    'isNull',
  )
  InputType(name, { description: `Conditions on ${about}; all given ones must hold.` })(inputClass)
  return inputClass
}

const ALL = { ...EQUALITY, ...MEMBERSHIP, ...RANGE }

const BY_KIND: Partial<Record<ColumnKind, EntityClass>> = {
  id: operators('IDFilter', 'an id', ID, { ...EQUALITY, ...MEMBERSHIP }),
  string: operators('StringFilter', 'a text', String, { ...ALL, ...TEXT }),
  boolean: operators('BooleanFilter', 'a yes or no', Boolean, EQUALITY),
  int: operators('IntFilter', 'a whole number', SafeInt, ALL),
  decimal: operators('DecimalFilter', 'an exact number', Decimal, ALL),
  datetime: operators('DateTimeFilter', 'a moment', DateTime, ALL),
}
BY_KIND.money = BY_KIND.decimal as EntityClass

const byEnum = new Map<object, EntityClass>()

/** The operator input of an enum is named once, where the enum is registered. */
export function registerEnumFilter(name: string, type: object): void {
  byEnum.set(type, operators(`${name}Filter`, `a value of ${name}`, type, { ...EQUALITY, ...MEMBERSHIP }))
}

/** The operators a column offers in filters. */
export function operatorsOf(column: ColumnMeta): EntityClass {
  const type = column.kind === 'enum' ? byEnum.get(column.inputType) : BY_KIND[column.kind]
  if (type === undefined) throw new TypeError(`${column.field} (${column.kind}) cannot be filtered`)
  return type
}

/**
 * The filter input of an entity: one field per filterable column, and `and`, `or`, `not` over filters of the
 * same type.
 */
export function defineFilter(entityName: string, columns: readonly ColumnMeta[]): EntityClass {
  const name = `${entityName}Filter`
  const filterClass = class {}
  const declare = (field: string, type: () => object, description: string): void =>
    Field(type, { nullable: true, description })(filterClass.prototype, field)
  for (const column of columns) {
    const type = operatorsOf(column)
    declare(column.field, () => type, column.description)
  }
  declare('and', () => [filterClass], 'All of these hold. An empty list holds.')
  declare('or', () => [filterClass], 'At least one of these holds. An empty list does not.')
  declare('not', () => filterClass, 'This does not hold.')
  InputType(name, {
    description: `Which ${entityName} objects are meant; all given conditions must hold. An empty filter means all.`,
  })(filterClass)
  return filterClass
}

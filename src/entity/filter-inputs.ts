import type { GraphQLScalarType } from 'graphql'
import { Field, ID, InputType } from 'type-graphql'
import type { ColumnKind, ColumnMeta, EntityClass } from './column.js'
import { DateTime, Decimal, Duration, JSONObject, SafeInt } from './scalars.js'

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

/** Declares the fields of an input class that are optional and of one kind each. */
function declareAll(
  inputClass: EntityClass,
  fields: Readonly<Record<string, readonly [type: () => object, description: string]>>,
): void {
  for (const [field, [type, description]] of Object.entries(fields))
    Field(type, { nullable: true, description })(inputClass.prototype as object, field)
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
BY_KIND.json = jsonOperators()

const momentRange = class {}
declareAll(momentRange, {
  from: [() => DateTime, 'Not before this moment.'],
  until: [() => DateTime, 'Before this moment.'],
  last: [() => Duration, 'In this length of time before now: `P30D` means the last 30 days.'],
  next: [() => Duration, 'In this length of time from now on.'],
  ago: [
    () => Duration,
    'Moves `last` and `next` back by this much: `last: "P30D", ago: "P30D"` are the 30 days before the last 30.',
  ],
})
InputType('DateTimeRange', {
  description:
    'A stretch of time: its first moment belongs to it, its end does not. All given conditions must hold. ' +
    '`now` is the same moment in the whole operation; days and months are those of UTC.',
})(momentRange)
declareAll(BY_KIND.datetime as EntityClass, {
  range: [() => momentRange, 'In this stretch of time, which may be counted from now.'],
})

/** What can be asked of JSON: whether it holds other JSON, and what stands at a place in it. */
function jsonOperators(): EntityClass {
  const path = class {}
  Field(() => [String], {
    description: 'Where to look: names of members, and places in lists counted from `"0"`; at most 16 steps.',
  })(path.prototype, 'at')
  declareAll(path, {
    text: [() => BY_KIND.string as object, 'Conditions on a text; anything else counts as no value.'],
    number: [() => BY_KIND.decimal as object, 'Conditions on a number; anything else counts as no value.'],
    boolean: [
      () => BY_KIND.boolean as object,
      'Conditions on a yes or no; anything else counts as no value.',
    ],
    exists: [() => Boolean, 'True: something stands there, be it null. False: nothing does.'],
  })
  InputType('JSONPathFilter', {
    description: 'Conditions on one place in JSON; all given ones must hold.',
  })(path)
  const json = class {}
  declareAll(json, {
    containsJson: [
      () => JSONObject,
      'Holds all of this: members with these values, and lists with these items.',
    ],
    path: [() => [path], 'What stands at these places; all must hold.'],
    isNull: [() => Boolean, 'True: has no value. False: has one.'],
  })
  InputType('JSONFilter', { description: 'Conditions on JSON; all given ones must hold.' })(json)
  return json
}

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

/** The operators of numbers that are computed, not stored. */
export function operatorsOfKind(kind: 'int' | 'decimal'): EntityClass {
  return BY_KIND[kind] as EntityClass
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

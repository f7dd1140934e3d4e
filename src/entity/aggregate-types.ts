import { Field, InputType, ObjectType, registerEnumType } from 'type-graphql'
import type { ColumnMeta, EntityClass } from './column.js'
import { COMPUTATIONS, computations, type Measure } from './aggregate-measures.js'
import { declareField } from './connection-types.js'
import { operatorsOfKind } from './filter-inputs.js'
import { defineOrderInput, enumName } from './ordering.js'
import { Decimal, SafeInt } from './scalars.js'

/** Lengths of time by which moments are grouped; the words are those of Postgres' date_trunc. */
export enum TimeBucket {
  MINUTE = 'minute',
  HOUR = 'hour',
  DAY = 'day',
  WEEK = 'week',
  MONTH = 'month',
  QUARTER = 'quarter',
  YEAR = 'year',
}
registerEnumType(TimeBucket, {
  name: 'TimeBucket',
  description: 'A length of time by which moments are grouped.',
  valuesConfig: {
    MINUTE: { description: 'Calendar minutes.' },
    HOUR: { description: 'Calendar hours.' },
    DAY: { description: 'Calendar days.' },
    WEEK: { description: 'Weeks by ISO 8601: they begin on Monday.' },
    MONTH: { description: 'Calendar months.' },
    QUARTER: { description: 'Quarters of the calendar year.' },
    YEAR: { description: 'Calendar years.' },
  },
})

/** One grouping criterion as a client gives it. */
export interface GroupInput {
  readonly field: string
  readonly bucket?: TimeBucket | null
  readonly timeZone?: string | null
}

/** The classes behind `<plural>Aggregate`. */
export interface AggregateTypes {
  /** The moment whose exchange rates hold for the amounts of a row. */
  readonly moneyAt: ColumnMeta | undefined
  readonly groupBy: readonly ColumnMeta[]
  readonly measures: readonly ColumnMeta[]
  readonly groupInput: EntityClass
  readonly havingInput: EntityClass
  readonly orderInput: EntityClass
  /** What groups can be sorted by, by the value of the enum behind `orderInput`. */
  readonly sortable: ReadonlyMap<string, ColumnMeta | Measure>
  /** Values all rows of a group share. */
  readonly groupType: EntityClass
  readonly rowType: EntityClass
}

/** Makes the aggregate types of an entity from the columns to group by and to compute with. */
export function defineAggregate(
  entityName: string,
  groupBy: readonly ColumnMeta[],
  measures: readonly ColumnMeta[],
  moneyAt: ColumnMeta | undefined,
): AggregateTypes {
  const groupType = defineGroup(entityName, groupBy)
  const distinct = defineDistinctCounts(entityName, groupBy)
  const rowType = class {}
  declareField(rowType, 'group', () => groupType, 'What the objects of this group have in common.')
  declareField(rowType, 'count', () => SafeInt, 'How many objects the group holds.')
  declareField(rowType, 'countDistinct', () => distinct, 'How many different values there are.')
  if (measures.length > 0) declareComputations(rowType, entityName, measures)
  const money = measures.some(({ kind }) => kind === 'money')
  ObjectType(`${entityName}Aggregate`, {
    description: `One group of ${entityName} objects.${money ? ` ${PER_CURRENCY}` : ''}`,
    simpleResolvers: true,
  })(rowType)
  return {
    moneyAt,
    groupBy,
    measures,
    groupInput: defineGroupInput(entityName, groupBy),
    havingInput: defineHaving(entityName, groupBy, measures),
    ...defineGroupOrder(entityName, groupBy, measures),
    groupType,
    rowType,
  }
}

const PER_CURRENCY =
  'Money is never added across currencies: when money is asked for, there is one group per currency, unless `in` names one for all.'

const COMPARED_MONEY =
  'Money is compared as an amount, each currency by itself, or all of it in the currency that `in` names.'

function declareComputations(
  rowType: EntityClass,
  entityName: string,
  measures: readonly ColumnMeta[],
): void {
  const define = (name: string, about: string, average: boolean): EntityClass =>
    defineMeasures(
      `${entityName}${name}`,
      `${about} over a group of ${entityName} objects.`,
      measures,
      average,
    )
  const values = {
    Totals: define('Totals', 'Values computed', false),
    Averages: define('Averages', 'Averages', true),
  }
  for (const of of computations) {
    const { type, description } = COMPUTATIONS[of]
    declareField(rowType, of, () => values[type], description)
  }
}

/** Moments are counted by themselves only when they are grouped, so they have no number of different ones. */
function countable(groupBy: readonly ColumnMeta[]): readonly ColumnMeta[] {
  return groupBy.filter(({ kind }) => kind !== 'datetime')
}

function defineDistinctCounts(entityName: string, groupBy: readonly ColumnMeta[]): EntityClass {
  const type = class {}
  for (const { field, description } of countable(groupBy))
    declareField(
      type,
      field,
      () => SafeInt,
      `${description} How many different ones; empty values do not count.`,
      true,
    )
  ObjectType(`${entityName}DistinctCounts`, {
    description: `How many different values a group of ${entityName} objects has.`,
    simpleResolvers: true,
  })(type)
  return type
}

/** `<Entity>Having`: which groups an aggregate keeps, by their numbers. */
function defineHaving(
  entityName: string,
  groupBy: readonly ColumnMeta[],
  measures: readonly ColumnMeta[],
): EntityClass {
  const declare = (input: EntityClass, field: string, type: () => object, description: string): void =>
    Field(type, { nullable: true, description })(input.prototype as object, field)
  const numbers = (name: string, about: string, columns: readonly ColumnMeta[], kind: 'int' | 'decimal') => {
    const input = class {}
    const type = operatorsOfKind(kind)
    for (const { field, description } of columns) declare(input, field, () => type, description)
    InputType(`${entityName}${name}`, { description: about })(input)
    return input
  }
  const distinct = numbers(
    'HavingDistinct',
    `Conditions on how many different values a group of ${entityName} objects has; all given ones must hold.`,
    countable(groupBy),
    'int',
  )
  const having = class {}
  declare(having, 'count', () => operatorsOfKind('int'), 'How many objects the group holds.')
  declare(having, 'countDistinct', () => distinct, 'How many different values there are.')
  if (measures.length > 0) {
    const values = numbers(
      'HavingValues',
      `Conditions on values computed over a group of ${entityName} objects; all given ones must hold.`,
      measures,
      'decimal',
    )
    for (const of of computations) declare(having, of, () => values, COMPUTATIONS[of].description)
  }
  declare(having, 'and', () => [having], 'All of these hold. An empty list holds.')
  declare(having, 'or', () => [having], 'At least one of these holds. An empty list does not.')
  declare(having, 'not', () => having, 'This does not hold.')
  const money = measures.some(({ kind }) => kind === 'money') ? ` ${COMPARED_MONEY}` : ''
  InputType(`${entityName}Having`, {
    description: `Which groups of ${entityName} objects are kept; all given conditions must hold.${money}`,
  })(having)
  return having
}

/** What groups can be sorted by: what they are grouped by, their number of objects, and every measure. */
function defineGroupOrder(
  entityName: string,
  groupBy: readonly ColumnMeta[],
  measures: readonly ColumnMeta[],
): Pick<AggregateTypes, 'orderInput' | 'sortable'> {
  const terms: (readonly [key: string, sorted: ColumnMeta | Measure, description: string])[] = [
    ...groupBy.map(
      (column) => [column.field, column, `${column.description} Only when grouped by it.`] as const,
    ),
    ['count', { of: 'count' }, 'How many objects the group holds.'],
    ...countable(groupBy).map(
      (column) =>
        [
          `countDistinct.${column.field}`,
          { of: 'countDistinct', column },
          `${column.description} How many different ones.`,
        ] as const,
    ),
    ...computations.flatMap((of) =>
      measures.map(
        (column) =>
          [
            `${of}.${column.field}`,
            { of, column },
            `${COMPUTATIONS[of].description} ${column.description}`,
          ] as const,
      ),
    ),
  ]
  const nameOf = (key: string): string => key.split('.').map(enumName).join('_')
  const fields = Object.fromEntries(terms.map(([key]) => [nameOf(key), key]))
  registerEnumType(fields, {
    name: `${entityName}AggregateOrderField`,
    description: `What groups of ${entityName} objects can be sorted by.`,
    valuesConfig: Object.fromEntries(terms.map(([key, , description]) => [nameOf(key), { description }])),
  })
  const orderInput = defineOrderInput(`${entityName}AggregateOrder`, fields, {
    about: `One sort criterion of groups of ${entityName} objects. Ties are broken by the next one, at last by what makes the groups.`,
    of: 'groups',
  })
  return { orderInput, sortable: new Map(terms.map(([key, sorted]) => [key, sorted])) }
}

function defineGroup(entityName: string, groupBy: readonly ColumnMeta[]): EntityClass {
  const groupType = class {}
  for (const { field, inputType, description } of groupBy) {
    declareField(groupType, field, () => inputType, `${description} Null when not grouped by it.`, true)
  }
  ObjectType(`${entityName}Group`, {
    description: `What the ${entityName} objects of one group have in common.`,
    simpleResolvers: true,
  })(groupType)
  return groupType
}

function defineMeasures(
  name: string,
  about: string,
  measures: readonly ColumnMeta[],
  average: boolean,
): EntityClass {
  const type = class {}
  for (const { field, kind, graphqlType, description } of measures) {
    const measured = average && kind === 'int' ? Decimal : kind === 'int' ? SafeInt : graphqlType
    declareField(type, field, () => measured, `${description} Null when no object has a value.`, true)
  }
  ObjectType(name, { description: about, simpleResolvers: true })(type)
  return type
}

function defineGroupInput(entityName: string, groupBy: readonly ColumnMeta[]): EntityClass {
  const fields = Object.fromEntries(groupBy.map(({ field }) => [enumName(field), field]))
  registerEnumType(fields, {
    name: `${entityName}GroupField`,
    description: `What ${entityName} objects can be grouped by.`,
    valuesConfig: Object.fromEntries(
      groupBy.map(({ field, description }) => [enumName(field), { description }]),
    ),
  })
  const input = class {}
  const declare = (field: string, type: () => object, options: object): void =>
    Field(type, options)(input.prototype, field)
  declare('field', () => fields, { description: 'What to group by.' })
  declare('bucket', () => TimeBucket, {
    nullable: true,
    description: 'For moments: the length of time that makes a group. Required there, refused elsewhere.',
  })
  declare('timeZone', () => String, {
    nullable: true,
    description:
      'For moments: the time zone in which days, weeks and longer begin, e.g. `Europe/Berlin`. UTC when left out.',
  })
  InputType(`${entityName}GroupBy`, {
    description: `One criterion by which ${entityName} objects are grouped.`,
  })(input)
  return input
}

/** How many groups an aggregate returns when the client does not say, and at most. */
export const DEFAULT_GROUPS = 500
export const MOST_GROUPS = 5_000

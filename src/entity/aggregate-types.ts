import { Field, InputType, ObjectType, registerEnumType } from 'type-graphql'
import type { ColumnMeta, EntityClass } from './column.js'
import { declareField } from './connection-types.js'
import { enumName } from './ordering.js'
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
  readonly groupBy: readonly ColumnMeta[]
  readonly measures: readonly ColumnMeta[]
  readonly groupInput: EntityClass
  /** Values all rows of a group share. */
  readonly groupType: EntityClass
  readonly rowType: EntityClass
}

/** Makes the aggregate types of an entity from the columns to group by and to compute with. */
export function defineAggregate(
  entityName: string,
  groupBy: readonly ColumnMeta[],
  measures: readonly ColumnMeta[],
): AggregateTypes {
  const groupType = defineGroup(entityName, groupBy)
  const totals = defineMeasures(
    `${entityName}Totals`,
    `Values computed over a group of ${entityName} objects.`,
    measures,
    false,
  )
  const averages = defineMeasures(
    `${entityName}Averages`,
    `Averages over a group of ${entityName} objects.`,
    measures,
    true,
  )
  const rowType = class {}
  declareField(rowType, 'group', () => groupType, 'What the objects of this group have in common.')
  declareField(rowType, 'count', () => SafeInt, 'How many objects the group holds.')
  declareField(rowType, 'sum', () => totals, 'Sums.')
  declareField(rowType, 'avg', () => averages, 'Averages; objects without a value do not count.')
  declareField(rowType, 'min', () => totals, 'Smallest values.')
  declareField(rowType, 'max', () => totals, 'Largest values.')
  ObjectType(`${entityName}Aggregate`, {
    description: `One group of ${entityName} objects. Money is never added across currencies: when money is asked for, there is one group per currency.`,
    simpleResolvers: true,
  })(rowType)
  return { groupBy, measures, groupInput: defineGroupInput(entityName, groupBy), groupType, rowType }
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

import type { GraphQLResolveInfo } from 'graphql'
import { sql } from 'kysely'
import { Arg, Ctx, Info, Int, Query } from 'type-graphql'
import { AppError } from '../errors.js'
import { statements } from '../tenancy/session.js'
import { groupExpressions } from './aggregate-groups.js'
import { havingCondition, groupOrder } from './aggregate-having.js'
import { conversionTo } from './aggregate-conversion.js'
import {
  computations,
  isMoney,
  measureName,
  measureSql,
  type Measure,
  type MeasureSql,
} from './aggregate-measures.js'
import { DEFAULT_GROUPS, MOST_GROUPS, type AggregateTypes, type GroupInput } from './aggregate-types.js'
import { snakeCase, type ColumnMeta } from './column.js'
import { all } from './condition.js'
import type { EntityDefinition } from './entity.js'
import { filterCondition, type FilterInput } from './filter.js'
import type { OperationContext } from './operation-context.js'
import type { OrderInput } from './ordering.js'
import { readable } from './read-access.js'
import { label, sourceOf } from './rows.js'
import { Currency } from './scalars.js'
import { selectionOf, type Selection } from './selection.js'

type Row = Record<string, unknown>

/** Declares `<plural>Aggregate` on a resolver's prototype. */
export function aggregateField(
  prototype: Record<string, (...parameters: never[]) => unknown>,
  entity: EntityDefinition,
): void {
  const types = entity.aggregate as AggregateTypes
  const name = `${entity.plural}Aggregate`
  prototype[name] = (
    context: OperationContext,
    info: GraphQLResolveInfo,
    filter: FilterInput | null,
    groupBy: readonly GroupInput[] | null,
    having: FilterInput | null,
    orderBy: readonly OrderInput[] | null,
    first: number | null,
    target?: string | null,
  ) =>
    readGroups(context, entity, types, selectionOf(info), {
      filter,
      groupBy: groupBy ?? [],
      having,
      orderBy: orderBy ?? [],
      first,
      target: target ?? undefined,
    })
  Ctx()(prototype, name, 0)
  Info()(prototype, name, 1)
  Arg('filter', () => entity.filterInput, {
    nullable: true,
    description: 'Which objects are counted; all of them when left out.',
  })(prototype, name, 2)
  Arg('groupBy', () => [types.groupInput], {
    nullable: true,
    description: 'What makes a group; one group of everything when left out.',
  })(prototype, name, 3)
  Arg('having', () => types.havingInput, {
    nullable: true,
    description: 'Which groups are kept; all of them when left out.',
  })(prototype, name, 4)
  Arg('orderBy', () => [types.orderInput], {
    nullable: true,
    description:
      'How groups are sorted: by the first criterion, ties by the next, at last by what makes the groups.',
  })(prototype, name, 5)
  Arg('first', () => Int, {
    nullable: true,
    description: `How many groups at most: ${DEFAULT_GROUPS} when left out, never more than ${MOST_GROUPS}.`,
  })(prototype, name, 6)
  if (types.moneyAt !== undefined) {
    Arg('in', () => Currency, {
      nullable: true,
      description: `Brings all amounts into this currency, each by the exchange rate in force on its day (UTC): the latest one of that day or before. A rate that is known only the other way round is inverted, to 30 decimals. Where none is known the answer is an error that says which. When left out, each currency is a group of its own.`,
    })(prototype, name, 7)
  }
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name) as TypedPropertyDescriptor<unknown>
  Query(() => [types.rowType], {
    nullable: true,
    description: `Counts, sums, averages, extremes and percentiles of ${entity.name} objects, group by group.`,
  })(prototype, name, descriptor)
}

interface Arguments {
  readonly filter: FilterInput | null
  readonly groupBy: readonly GroupInput[]
  readonly having: FilterInput | null
  readonly orderBy: readonly OrderInput[]
  readonly first: number | null
  /** Currency of all amounts; each in its own without. */
  readonly target: string | undefined
}

async function readGroups(
  context: OperationContext,
  entity: EntityDefinition,
  types: AggregateTypes,
  selection: Selection,
  { filter, groupBy, having, orderBy, first, target }: Arguments,
): Promise<Row[]> {
  const groups = groupExpressions(entity, groupBy)
  const kept = havingCondition(types, having)
  const sorted = groupOrder(types, groupBy, orderBy)
  const selected = selectedMeasures(types, selection)
  const where = all([readable(context, entity), filterCondition(context, entity, filter)])
  const amounts = moneyOf([...selected, ...kept.measures, ...sorted.measures])
  const conversion =
    target === undefined || amounts.length === 0
      ? undefined
      : await conversionTo(context, entity, amounts, where, target)
  const inSql: MeasureSql = (measure) => measureSql(measure, conversion?.factor)
  const currency = conversion === undefined ? currencyOf(amounts) : undefined
  if (currency !== undefined && groups.every(({ field }) => field !== currency.field)) {
    groups.push({ field: currency.field, expression: sql.raw(`e.${currency.column}`) })
  }
  const places = groups.map((_, index) => sql.raw(String(index + 1)))
  const columns = [
    ...groups.map(({ field, expression }) => sql`${expression} as ${sql.raw(`"${field}"`)}`),
    ...[{ of: 'count' } as const, ...selected].map(
      (measure) => sql`${inSql(measure)} as ${sql.raw(`"${measureName(measure)}"`)}`,
    ),
  ]
  const order = [...sorted.terms(groups, inSql), ...places]
  const query = sql<Row>`${label(entity, 'aggregate')} select ${sql.join(columns)} from ${sourceOf(entity)} e
    ${conversion?.join ?? sql``} where ${where}
    ${places.length === 0 ? sql`` : sql`group by ${sql.join(places)}`} having ${havingCondition(types, having, inSql).condition}
    ${order.length === 0 ? sql`` : sql`order by ${sql.join(order)}`} limit ${groupLimit(first)}`
  const rows = await context.read().run(query.compile(statements))
  return rows.map((row) => groupRow(row, types, currency === undefined ? target : row[currency.field]))
}

/** The measures a client selected; the number of objects is always read. */
function selectedMeasures({ groupBy, measures }: AggregateTypes, selection: Selection): Measure[] {
  const isSelected = (of: string, { field }: ColumnMeta): boolean => selection[of]?.[field] !== undefined
  return [
    ...groupBy
      .filter((column) => isSelected('countDistinct', column))
      .map((column) => ({ of: 'countDistinct', column }) as const),
    ...computations.flatMap((of) =>
      measures.filter((column) => isSelected(of, column)).map((column) => ({ of, column })),
    ),
  ]
}

/** The columns whose amounts of money are asked for, compared or sorted by. */
function moneyOf(used: readonly Measure[]): readonly ColumnMeta[] {
  return [...new Set(used.filter(isMoney).map(({ column }) => column))]
}

/** The column that holds the currency of amounts. */
function currencyOf([amount]: readonly ColumnMeta[]): { field: string; column: string } | undefined {
  if (amount?.currency === undefined) return undefined
  return { field: amount.currency, column: snakeCase(amount.currency) }
}

function groupRow(row: Row, { groupBy, measures }: AggregateTypes, currency: unknown): Row {
  const result: Row = { group: row, count: row.$count }
  const valueOf = (measure: Measure): unknown => row[measureName(measure)] ?? null
  result['countDistinct'] = Object.fromEntries(
    groupBy.map((column) => [column.field, valueOf({ of: 'countDistinct', column })]),
  )
  for (const of of computations) {
    result[of] = Object.fromEntries(
      measures.map((column) => [column.field, outerValue({ of, column }, valueOf({ of, column }), currency)]),
    )
  }
  return result
}

function outerValue(
  { of, column: { field, kind } }: Measure & { column: ColumnMeta },
  value: unknown,
  currency: unknown,
): unknown {
  if (value === null) return null
  if (kind === 'money') return { amount: value, currency }
  return kind === 'int' && of === 'sum' ? wholeSum(value, field) : value
}

/** The sum of whole numbers, which is numeric in Postgres, as a whole number again. */
function wholeSum(value: unknown, field: string): number {
  const sum = Number(value)
  if (Number.isSafeInteger(sum)) return sum
  throw new AppError(
    'LIMIT_EXCEEDED',
    `The sum of ${field} is ${String(value)}, more than JSON numbers hold exactly. Narrow the filter or the groups.`,
    { limit: `sum.${field}`, allowed: Number.MAX_SAFE_INTEGER, asked: String(value) },
  )
}

function groupLimit(first: number | null): number {
  const limit = first ?? DEFAULT_GROUPS
  if (limit < 0)
    throw new AppError('BAD_USER_INPUT', `first must not be negative; it is ${limit}.`, { field: 'first' })
  if (limit <= MOST_GROUPS) return limit
  throw new AppError('LIMIT_EXCEEDED', `first is ${limit}; an aggregate has at most ${MOST_GROUPS} groups.`, {
    limit: 'first',
    allowed: MOST_GROUPS,
    asked: limit,
  })
}

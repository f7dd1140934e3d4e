import type { GraphQLResolveInfo } from 'graphql'
import { sql } from 'kysely'
import { Arg, Ctx, Info, Int, Query } from 'type-graphql'
import { AppError } from '../errors.js'
import { statements } from '../tenancy/session.js'
import { groupExpressions } from './aggregate-groups.js'
import { havingCondition, groupOrder } from './aggregate-having.js'
import { computations, isMoney, measureName, measureSql, type Measure } from './aggregate-measures.js'
import { DEFAULT_GROUPS, MOST_GROUPS, type AggregateTypes, type GroupInput } from './aggregate-types.js'
import { snakeCase, type ColumnMeta } from './column.js'
import { all } from './condition.js'
import type { EntityDefinition } from './entity.js'
import { filterCondition, type FilterInput } from './filter.js'
import type { OperationContext } from './operation-context.js'
import type { OrderInput } from './ordering.js'
import { readable } from './read-access.js'
import { label, sourceOf } from './rows.js'
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
  ) =>
    readGroups(context, entity, types, selectionOf(info), {
      filter,
      groupBy: groupBy ?? [],
      having,
      orderBy: orderBy ?? [],
      first,
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
}

async function readGroups(
  context: OperationContext,
  entity: EntityDefinition,
  types: AggregateTypes,
  selection: Selection,
  { filter, groupBy, having, orderBy, first }: Arguments,
): Promise<Row[]> {
  const groups = groupExpressions(entity, groupBy)
  const kept = havingCondition(types, having)
  const sorted = groupOrder(types, groupBy, orderBy)
  const selected = selectedMeasures(types, selection)
  const currency = currencyOf([...selected, ...kept.measures, ...sorted.measures])
  if (currency !== undefined && groups.every(({ field }) => field !== currency.field)) {
    groups.push({ field: currency.field, expression: sql.raw(`e.${currency.column}`) })
  }
  const places = groups.map((_, index) => sql.raw(String(index + 1)))
  const columns = [
    ...groups.map(({ field, expression }) => sql`${expression} as ${sql.raw(`"${field}"`)}`),
    ...[{ of: 'count' } as const, ...selected].map(
      (measure) => sql`${measureSql(measure)} as ${sql.raw(`"${measureName(measure)}"`)}`,
    ),
  ]
  const order = [...sorted.terms(groups), ...places]
  const query = sql<Row>`${label(entity, 'aggregate')} select ${sql.join(columns)} from ${sourceOf(entity)} e
    where ${all([readable(context, entity), filterCondition(context, entity, filter)])}
    ${places.length === 0 ? sql`` : sql`group by ${sql.join(places)}`} having ${kept.condition}
    ${order.length === 0 ? sql`` : sql`order by ${sql.join(order)}`} limit ${groupLimit(first)}`
  const rows = await context.read().run(query.compile(statements))
  return rows.map((row) => groupRow(row, types, currency?.field))
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

/** The currency column when an amount of money is asked for, compared or sorted by. */
function currencyOf(used: readonly Measure[]): { field: string; column: string } | undefined {
  const money = used.find(isMoney)
  if (money === undefined || money.of === 'count' || money.column.currency === undefined) return undefined
  return { field: money.column.currency, column: snakeCase(money.column.currency) }
}

function groupRow(row: Row, { groupBy, measures }: AggregateTypes, currency: string | undefined): Row {
  const result: Row = { group: row, count: row.$count }
  const valueOf = (measure: Measure): unknown => row[measureName(measure)] ?? null
  result['countDistinct'] = Object.fromEntries(
    groupBy.map((column) => [column.field, valueOf({ of: 'countDistinct', column })]),
  )
  for (const of of computations) {
    result[of] = Object.fromEntries(
      measures.map((column) => [
        column.field,
        outerValue({ of, column }, valueOf({ of, column }), row[currency ?? '']),
      ]),
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

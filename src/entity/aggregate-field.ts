import type { GraphQLResolveInfo } from 'graphql'
import { sql, type RawBuilder } from 'kysely'
import { Arg, Ctx, Info, Int, Query } from 'type-graphql'
import { AppError } from '../errors.js'
import { statements } from '../tenancy/session.js'
import { DEFAULT_GROUPS, MOST_GROUPS, type AggregateTypes, type GroupInput } from './aggregate-types.js'
import type { ColumnMeta } from './column.js'
import { all } from './condition.js'
import type { EntityDefinition } from './entity.js'
import { filterCondition, type FilterInput } from './filter.js'
import type { OperationContext } from './operation-context.js'
import { enumName } from './ordering.js'
import { readable } from './read-access.js'
import { label, tableOf } from './rows.js'
import { selectionOf, type Selection } from './selection.js'

const FUNCTIONS = ['sum', 'avg', 'min', 'max'] as const
type AggregateFunction = (typeof FUNCTIONS)[number]

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
    first: number | null,
  ) => readGroups(context, entity, types, selectionOf(info), { filter, groupBy: groupBy ?? [], first })
  Ctx()(prototype, name, 0)
  Info()(prototype, name, 1)
  Arg('filter', () => entity.filterInput, {
    nullable: true,
    description: 'Which objects are counted; all of them when left out.',
  })(prototype, name, 2)
  Arg('groupBy', () => [types.groupInput], {
    nullable: true,
    description: 'What makes a group; one group of everything when left out. Groups are sorted by these.',
  })(prototype, name, 3)
  Arg('first', () => Int, {
    nullable: true,
    description: `How many groups at most: ${DEFAULT_GROUPS} when left out, never more than ${MOST_GROUPS}.`,
  })(prototype, name, 4)
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name) as TypedPropertyDescriptor<unknown>
  Query(() => [types.rowType], {
    nullable: true,
    description: `Counts, sums, averages and extremes of ${entity.name} objects, group by group.`,
  })(prototype, name, descriptor)
}

interface Arguments {
  readonly filter: FilterInput | null
  readonly groupBy: readonly GroupInput[]
  readonly first: number | null
}

async function readGroups(
  context: OperationContext,
  entity: EntityDefinition,
  { measures }: AggregateTypes,
  selection: Selection,
  { filter, groupBy, first }: Arguments,
): Promise<Row[]> {
  const groups = groupBy.map((group, index) => {
    refuseRepeated(groupBy, index)
    return groupExpression(entity, group, index)
  })
  const currency = currencyOf(measures, selection)
  if (currency !== undefined && groups.every(({ field }) => field !== currency.field)) {
    groups.push({ field: currency.field, expression: sql.raw(`e.${currency.column}`) })
  }
  const values = FUNCTIONS.flatMap((aggregate) =>
    measures
      .filter(({ field }) => selection[aggregate]?.[field] !== undefined)
      .map((column) => valueExpression(aggregate, column)),
  )
  const places = sql.raw(groups.map((_, index) => index + 1).join(', '))
  const columns = [
    ...groups.map(({ field, expression }) => sql`${expression} as ${sql.raw(`"${field}"`)}`),
    sql`count(*) as "$count"`,
    ...values,
  ]
  const query = sql<Row>`${label(entity, 'aggregate')} select ${sql.join(columns)} from ${tableOf(entity)} e
    where ${all([readable(context, entity), filterCondition(context, entity, filter)])}
    ${groups.length === 0 ? sql`` : sql`group by ${places} order by ${places}`} limit ${groupLimit(first)}`
  const rows = await context.read().run(query.compile(statements))
  return rows.map((row) => groupRow(row, measures, currency?.field))
}

/** Two buckets of one moment would need two names in `group`. */
function refuseRepeated(groupBy: readonly GroupInput[], index: number): void {
  const field = groupBy[index]?.field as string
  if (groupBy.findIndex((group) => group.field === field) === index) return
  throw new AppError('BAD_USER_INPUT', `groupBy names ${enumName(field)} twice.`, {
    field: `groupBy[${index}].field`,
  })
}

interface GroupExpression {
  readonly field: string
  readonly expression: RawBuilder<unknown>
}

function groupExpression(
  entity: EntityDefinition,
  { field, bucket, timeZone }: GroupInput,
  index: number,
): GroupExpression {
  const column = entity.columns.get(field) as ColumnMeta
  const ref = sql.raw(`e.${column.column}`)
  const path = `groupBy[${index}]`
  if (column.kind !== 'datetime') {
    const given = bucket != null ? 'bucket' : timeZone != null ? 'timeZone' : undefined
    if (given === undefined) return { field, expression: ref }
    throw new AppError('BAD_USER_INPUT', `${path}.${given} is only for moments; ${field} is none.`, {
      field: `${path}.${given}`,
    })
  }
  if (bucket === null || bucket === undefined) {
    throw new AppError(
      'BAD_USER_INPUT',
      `${path}.bucket is missing: say by which length of time ${field} is grouped.`,
      {
        field: `${path}.bucket`,
      },
    )
  }
  const zone = checkedTimeZone(timeZone ?? 'UTC', `${path}.timeZone`)
  // Both are constants of a closed list by now; as parameters they would differ between select and group by.
  return { field, expression: sql.raw(`date_trunc('${bucket}', e.${column.column}, '${zone}')`) }
}

/** A name of the IANA time zone database that this process knows. */
function checkedTimeZone(name: string, path: string): string {
  try {
    if (/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name))
      return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    // Not a time zone: refused below.
  }
  throw new AppError(
    'BAD_USER_INPUT',
    `${path} is not a time zone: ${JSON.stringify(name.slice(0, 64))}. Use a name such as "Europe/Berlin".`,
    {
      field: path,
    },
  )
}

function valueExpression(aggregate: AggregateFunction, column: ColumnMeta): RawBuilder<unknown> {
  const cast = column.kind === 'int' && (aggregate === 'min' || aggregate === 'max') ? '::bigint' : ''
  return sql.raw(`${aggregate}(e.${column.column})${cast} as "${aggregate}.${column.field}"`)
}

/** The currency column when money is asked for. */
function currencyOf(
  measures: readonly ColumnMeta[],
  selection: Selection,
): { field: string; column: string } | undefined {
  const money = measures.find(
    ({ field, kind }) =>
      kind === 'money' && FUNCTIONS.some((aggregate) => selection[aggregate]?.[field] !== undefined),
  )
  return money?.currency === undefined ? undefined : { field: money.currency, column: money.currency }
}

function groupRow(row: Row, measures: readonly ColumnMeta[], currency: string | undefined): Row {
  const result: Row = { group: row, count: row.$count }
  for (const aggregate of FUNCTIONS) {
    const values: Row = {}
    for (const { field, kind } of measures) {
      const value = row[`${aggregate}.${field}`]
      if (value === null || value === undefined) values[field] = null
      else if (kind === 'money') values[field] = { amount: value, currency: row[currency ?? ''] }
      else values[field] = kind === 'int' && aggregate === 'sum' ? wholeSum(value, field) : value
    }
    result[aggregate] = values
  }
  return result
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

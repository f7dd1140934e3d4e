import { sql, type RawBuilder } from 'kysely'
import { AppError } from '../errors.js'
import type { GroupExpression } from './aggregate-groups.js'
import { comparedAs, measureSql, type Measure, type MeasureSql } from './aggregate-measures.js'
import type { AggregateTypes, GroupInput } from './aggregate-types.js'
import type { ColumnMeta } from './column.js'
import { all, any, type Condition } from './condition.js'
import { checkSize, type FilterInput } from './filter.js'
import { nullRefused, valueCondition } from './operators.js'
import { enumName, NullsOrder, SortDirection, type OrderInput } from './ordering.js'

/** Which groups are kept, and the measures that decide it. */
export interface Having {
  readonly condition: Condition
  readonly measures: readonly Measure[]
}

/** Conditions on the numbers of groups, as SQL. Throws BAD_USER_INPUT and LIMIT_EXCEEDED like a filter. */
export function havingCondition(
  types: AggregateTypes,
  having: FilterInput | null,
  inSql: MeasureSql = measureSql,
): Having {
  checkSize(having, 'having')
  const measures: Measure[] = []
  const columns = new Map([...types.groupBy, ...types.measures].map((column) => [column.field, column]))
  const compare = (measure: Measure, operators: FilterInput, at: string): Condition => {
    measures.push(measure)
    // Smallest whole numbers are compared with fractions as well.
    const value = comparedAs(measure) === 'int' ? inSql(measure) : sql`(${inSql(measure)})::numeric`
    // How a number is compared depends on its kind alone; it has no column.
    const kind = { ...(types.measures[0] ?? types.groupBy[0]), kind: comparedAs(measure) } as ColumnMeta
    return valueCondition(value, kind, operators, at)
  }
  const conditionOf = (input: FilterInput, path: string): Condition => {
    const conditions: Condition[] = []
    for (const [field, value] of Object.entries(input)) {
      if (value === undefined) continue
      const at = `${path}.${field}`
      if (value === null) throw nullRefused(at)
      const branches = (): Condition[] =>
        (value as FilterInput[]).map((branch, index) => conditionOf(branch, `${at}[${index}]`))
      if (field === 'and') conditions.push(all(branches()))
      else if (field === 'or') conditions.push(any(branches()))
      else if (field === 'not') conditions.push(sql`(${conditionOf(value as FilterInput, at)}) is not true`)
      else if (field === 'count') conditions.push(compare({ of: 'count' }, value as FilterInput, at))
      else {
        for (const [name, operators] of Object.entries(value as FilterInput)) {
          if (operators === undefined) continue
          if (operators === null) throw nullRefused(`${at}.${name}`)
          const measure = { of: field, column: columns.get(name) } as Measure
          conditions.push(compare(measure, operators as FilterInput, `${at}.${name}`))
        }
      }
    }
    return all(conditions)
  }
  const condition = conditionOf(having ?? {}, 'having')
  return { condition, measures }
}

/** The order of groups, and the measures that decide it. */
export interface GroupOrder {
  terms(groups: readonly GroupExpression[], inSql: MeasureSql): RawBuilder<unknown>[]
  readonly measures: readonly Measure[]
}

/** Checks how a client sorts groups. Throws BAD_USER_INPUT for what is named twice or does not make the groups. */
export function groupOrder(
  { sortable }: AggregateTypes,
  groupBy: readonly GroupInput[],
  orderBy: readonly OrderInput[],
): GroupOrder {
  const refused = (index: number, reason: string): AppError =>
    new AppError('BAD_USER_INPUT', reason, { field: `orderBy[${index}].field` })
  const sorted = orderBy.map(({ field }, index) => {
    const by = sortable.get(field) as ColumnMeta | Measure
    const name = field.split('.').map(enumName).join('_')
    if (orderBy.findIndex((term) => term.field === field) !== index)
      throw refused(index, `orderBy names ${name} twice.`)
    if (!('of' in by) && groupBy.every((group) => group.field !== field))
      throw refused(index, `orderBy names ${name}, by which groupBy makes no groups.`)
    return by
  })
  return {
    measures: sorted.filter((by): by is Measure => 'of' in by),
    terms: (groups, inSql) =>
      orderBy.map(({ direction, nulls }, index) => {
        const by = sorted[index] as ColumnMeta | Measure
        const place = 'of' in by ? -1 : groups.findIndex(({ field }) => field === by.field) + 1
        const value = 'of' in by ? inSql(by) : sql.raw(String(place))
        const way = direction === SortDirection.DESC ? 'desc' : 'asc'
        return sql`${value} ${sql.raw(`${way} nulls ${nulls === NullsOrder.FIRST ? 'first' : 'last'}`)}`
      }),
  }
}

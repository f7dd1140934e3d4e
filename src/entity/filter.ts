import { sql } from 'kysely'
import { AppError } from '../errors.js'
import type { ColumnMeta } from './column.js'
import { all, any, columnRef, MAIN_ROW, type Condition } from './condition.js'
import type { EntityDefinition } from './entity.js'
import type { OperationContext } from './operation-context.js'
import { nullRefused, valueCondition } from './operators.js'
import { readable } from './read-access.js'
import type { RelationFilter } from './relation-filters.js'

/** A filter as GraphQL delivers it: operators by field, conditions by relation, and the three connectives. */
export type FilterInput = Readonly<Record<string, unknown>>

/** How many operators, connectives and branches one filter may hold. */
export const MOST_CONDITIONS = 1_000
/** How many relations one filter may follow in all, and one behind the other. */
export const MOST_RELATIONS = 20
export const LONGEST_RELATION_PATH = 4

/**
 * A filter as SQL. Semantics of empty values: `ne` and `notIn` hold for them, every other operator but `isNull`
 * does not; comparing with `null` is refused, because `isNull` says it better. Behind a relation only those objects
 * count that the actor may read: what may not be read is not there. Throws BAD_USER_INPUT, LIMIT_EXCEEDED beyond
 * {@link MOST_CONDITIONS} or {@link MOST_RELATIONS}, and FORBIDDEN or MODULE_NOT_ENABLED where a relation leads to
 * what the actor may not read at all.
 *
 * @param path - where the filter stands in the request, for messages
 */
export function filterCondition(
  context: OperationContext,
  entity: EntityDefinition,
  filter: FilterInput | null | undefined,
  path = 'filter',
): Condition {
  checkSize(filter, path)
  return conditionOf(
    { context, root: path, followed: { count: 0 } },
    { entity, row: MAIN_ROW, depth: 0 },
    filter,
    path,
  )
}

/** Counts fields, operators and branches; the values of `in` and `notIn` go into one parameter and count once. */
export function checkSize(filter: FilterInput | null | undefined, path: string): void {
  const open: unknown[] = [filter]
  let asked = 0
  // Without recursion: it would overflow on what a client nests deeply enough.
  while (open.length > 0) {
    const parts: unknown[] = Object.values(open.pop() ?? {})
    const counted = parts.filter((part) => part !== undefined)
    asked += counted.length
    for (const part of counted)
      if (isObject(part) || (Array.isArray(part) && part.some(isObject))) open.push(part)
  }
  if (asked > MOST_CONDITIONS) throw tooMany(path, 'conditions', MOST_CONDITIONS, asked)
}

function tooMany(path: string, what: string, allowed: number, asked: number): AppError {
  return new AppError('LIMIT_EXCEEDED', `${path} holds ${asked} ${what}; at most ${allowed} are accepted.`, {
    limit: path,
    allowed,
    asked,
  })
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What holds for a whole filter. */
interface Translation {
  readonly context: OperationContext
  /** Name of the argument the filter is. */
  readonly root: string
  /** Relations followed so far. */
  readonly followed: { count: number }
}

/** The row a part of a filter speaks of. */
interface Subject {
  readonly entity: EntityDefinition
  /** What the row is called in the statement. */
  readonly row: string
  /** How many relations lead to it. */
  readonly depth: number
}

function conditionOf(
  translation: Translation,
  subject: Subject,
  filter: FilterInput | null | undefined,
  path: string,
): Condition {
  const branches = (value: unknown, at: string): Condition[] =>
    (value as FilterInput[]).map((branch, index) =>
      conditionOf(translation, subject, branch, `${at}[${index}]`),
    )
  const conditions: Condition[] = []
  for (const [field, value] of Object.entries(filter ?? {})) {
    if (value === undefined) continue
    const at = `${path}.${field}`
    if (value === null) throw nullRefused(at)
    if (field === 'and') conditions.push(all(branches(value, at)))
    else if (field === 'or') conditions.push(any(branches(value, at)))
    else if (field === 'not')
      conditions.push(sql`(${conditionOf(translation, subject, value as FilterInput, at)}) is not true`)
    else conditions.push(fieldCondition(translation, subject, field, value as FilterInput, at))
  }
  return all(conditions)
}

function fieldCondition(
  translation: Translation,
  subject: Subject,
  field: string,
  value: FilterInput,
  path: string,
): Condition {
  const relation = subject.entity.relationFilters.get(field)
  if (relation === undefined) {
    const column = subject.entity.filterable.get(field) as ColumnMeta
    return valueCondition(columnRef(column, subject.row), column, value, path)
  }
  if (!relation.many) return related(translation, subject, relation, value, path)
  const conditions: Condition[] = []
  for (const [quantifier, filter] of Object.entries(value)) {
    if (filter === undefined) continue
    const at = `${path}.${quantifier}`
    if (filter === null) throw nullRefused(at)
    const found = (negated: boolean): Condition =>
      related(translation, subject, relation, filter as FilterInput, at, negated)
    if (quantifier === 'some') conditions.push(found(false))
    else conditions.push(sql`not ${found(quantifier === 'every')}`)
  }
  return all(conditions)
}

/** That there is an object behind a relation, readable by the actor, for which a filter holds – or does not. */
function related(
  translation: Translation,
  { row, depth }: Subject,
  { target, rowsOf }: RelationFilter,
  filter: FilterInput,
  path: string,
  negated = false,
): Condition {
  const { context, root, followed } = translation
  if (depth >= LONGEST_RELATION_PATH)
    throw tooMany(path, 'relations one behind the other', LONGEST_RELATION_PATH, depth + 1)
  followed.count += 1
  if (followed.count > MOST_RELATIONS) throw tooMany(root, 'relations', MOST_RELATIONS, followed.count)
  const inner = { entity: target, row: `${MAIN_ROW}${depth + 1}`, depth: depth + 1 }
  const readableRow = readable(context, target, inner.row)
  const condition = conditionOf(translation, inner, filter, path)
  const wanted = negated ? sql`(${condition}) is not true` : condition
  return sql`exists (select ${rowsOf(row, inner.row)} and ${all([readableRow, wanted])})`
}

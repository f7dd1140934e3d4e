import { sql, type RawBuilder } from 'kysely'
import { statements } from '../tenancy/session.js'
import { MAIN_ROW, type Condition } from './condition.js'
import { columnNameOf, type EntityDefinition } from './entity.js'
import type { OperationContext } from './operation-context.js'
import { readable } from './read-access.js'
import type { ToOneRelation } from './relation.js'
import { fieldsFor, label, selectList, tableOf, type EntityRow } from './rows.js'
import type { Selection } from './selection.js'

/** What a statement reads of each row of an entity, and of the rows its to-one relations lead to. */
export interface RowPlan {
  readonly fields: readonly string[]
  readonly joins: readonly Join[]
}

/** A to-one relation whose rows are read in the statement of the rows it starts from. */
interface Join extends RowPlan {
  /** The relation's field. */
  readonly name: string
  /** What its row is called in the statement. */
  readonly row: string
  readonly target: EntityDefinition
  /** Which row it is, if there is one that the actor may read. */
  readonly on: Condition
}

/** The planner looks at every order of the joins of one statement; beyond these a loader is as fast. */
const MOST_JOINS = 4

/**
 * Plans the rows of one entity. A to-one relation is joined where the actor may read what it leads to at all; where it
 * may not, the relation's own resolver says why.
 */
export function planRows(context: OperationContext, entity: EntityDefinition, selection: Selection): RowPlan {
  let rows = 0
  const joinsOf = (from: EntityDefinition, below: Selection, refer: Refer): Join[] => {
    const joins: Join[] = []
    for (const name of Object.keys(below)) {
      const relation = from.relations.get(name)?.one
      if (relation === undefined || rows >= MOST_JOINS) continue
      const row = `r${rows + 1}`
      const on = joinCondition(context, relation, row, refer)
      if (on === undefined) continue
      rows += 1
      const { target } = relation
      const inner: Refer = (field) => sql.raw(`${row}.${columnNameOf(target, field)}`)
      const selected = below[name] as Selection
      joins.push({
        name,
        row,
        target,
        on,
        fields: fieldsFor(target, selected),
        joins: joinsOf(target, selected, inner),
      })
    }
    return joins
  }
  const ofMain: Refer = (field) => sql.raw(`${MAIN_ROW}."${field}"`)
  return { fields: fieldsFor(entity, selection), joins: joinsOf(entity, selection, ofMain) }
}

/** A field of the row that a relation starts from. */
type Refer = (field: string) => Condition

/** Undefined where the relation is left to its loader: it may lead to several rows, or to none the actor may read. */
function joinCondition(
  context: OperationContext,
  { key, target, targetKey }: ToOneRelation,
  row: string,
  refer: Refer,
): Condition | undefined {
  if (target.key.length !== 1 || target.key[0] !== targetKey) return undefined
  try {
    const found = sql.raw(`${row}.${columnNameOf(target, targetKey)}`)
    return sql`${found} = ${refer(key)} and ${readable(context, target, row)}`
  } catch {
    return undefined
  }
}

/** `, r1.name as "r1.name", …`: behind the columns of the main row. */
export function joinedColumns(joins: readonly Join[]): RawBuilder<unknown> {
  const columns = everyJoin(joins).flatMap(({ row, target, fields }) =>
    fields.map((field) => `, ${row}.${columnNameOf(target, field)} as "${row}.${field}"`),
  )
  return sql.raw(columns.join(''))
}

/** `left join users r1 on …`: behind the main row, which is called `e` and has its fields' names. */
export function joinClauses(joins: readonly Join[]): RawBuilder<unknown> {
  const clauses = everyJoin(joins).map(
    ({ target, row, on }) => sql`left join ${tableOf(target)} ${sql.raw(row)} on ${on}`,
  )
  return sql.join(clauses, sql` `)
}

/** Names of the joined relations, for a statement's label: `+user+user.team`. */
export function joinedNames(joins: readonly Join[], path = ''): string {
  return joins.map(({ name, joins: below }) => `+${path}${name}${joinedNames(below, `${path}${name}.`)}`).join('')
}

/** Two plans of one entity with the same shape read the same. */
export function shapeOf({ fields, joins }: RowPlan): string {
  return [...fields, ...joins.map((join) => `${join.name}(${shapeOf(join)})`)].join()
}

function everyJoin(joins: readonly Join[]): readonly Join[] {
  return joins.flatMap((join) => [join, ...everyJoin(join.joins)])
}

/** Hangs the joined rows below the rows they were read with, as the relations' fields; null where there is none. */
export function hangJoined(rows: readonly EntityRow[], joins: readonly Join[]): void {
  if (joins.length === 0) return
  for (const row of rows) {
    for (const join of joins) (row as Record<string, unknown>)[join.name] = joinedRow(row, join)
  }
}

function joinedRow(flat: EntityRow, { row, target, fields, joins }: Join): EntityRow | null {
  if (flat[`${row}.${target.key[0]}`] === null) return null
  const joined: Record<string, unknown> = {}
  for (const field of fields) joined[field] = flat[`${row}.${field}`]
  for (const join of joins) joined[join.name] = joinedRow(flat, join)
  return joined
}

/** Reads rows of one entity, with what their to-one relations lead to. */
export async function readRows(
  context: OperationContext,
  entity: EntityDefinition,
  { fields, joins }: RowPlan,
  where: Condition,
): Promise<readonly EntityRow[]> {
  const inner = sql`select ${selectList(entity, fields)} from ${tableOf(entity)} e where ${where}`
  const query =
    joins.length === 0
      ? sql<EntityRow>`${label(entity, 'select')} ${inner}`
      : sql<EntityRow>`${label(entity, `select${joinedNames(joins)}`)} select e.*${joinedColumns(joins)} from (${inner}) e ${joinClauses(joins)}`
  const rows = await context.read().run(query.compile(statements))
  hangJoined(rows, joins)
  return rows
}

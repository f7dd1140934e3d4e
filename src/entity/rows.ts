import { sql, type RawBuilder } from 'kysely'
import { statements, type Session } from '../tenancy/session.js'
import type { Condition } from './condition.js'
import type { EntityDefinition } from './entity.js'
import { orderBy, type OrderTerm } from './ordering.js'
import type { Selection } from './selection.js'

/** A row as resolvers see it: values by field name. Sort values of a list stand beside them as texts, `$0`, `$1`… */
export type EntityRow = Readonly<Record<string, unknown>>

const knownFields = new WeakMap<Selection, Map<EntityDefinition, readonly string[]>>()

/** The columns a selection needs: what is asked for, what its relations start from, and the key. */
export function fieldsFor(entity: EntityDefinition, selection: Selection): readonly string[] {
  let ofSelection = knownFields.get(selection)
  if (ofSelection === undefined) knownFields.set(selection, (ofSelection = new Map()))
  let fields = ofSelection.get(entity)
  if (fields === undefined) ofSelection.set(entity, (fields = selectedFields(entity, selection)))
  return fields
}

function selectedFields(entity: EntityDefinition, selection: Selection): readonly string[] {
  const fields = new Set(entity.key)
  for (const name of Object.keys(selection)) {
    if (name === '__typename' || name === 'id') continue
    const column = entity.columns.get(name)
    const needed =
      column === undefined ? entity.relations.get(name)?.starts : withCurrency(name, column.currency)
    // A field the kernel does not know has a resolver of its own, which may read any column.
    for (const field of needed ?? entity.columns.keys()) fields.add(field)
  }
  return [...fields].sort()
}

/** The fields, with one that is needed in any case. */
export function withField(fields: readonly string[], field: string): readonly string[] {
  return fields.includes(field) ? fields : [...fields, field]
}

function withCurrency(field: string, currency: string | undefined): readonly string[] {
  return currency === undefined ? [field] : [field, currency]
}

/** `e.parent_team_id as "parentTeamId", …` */
export function selectList(
  entity: EntityDefinition,
  fields: readonly string[],
  order: readonly OrderTerm[] = [],
): RawBuilder<unknown> {
  const columns = sql.raw(
    fields.map((field) => `e.${entity.columns.get(field)?.column} as "${field}"`).join(', '),
  )
  const positions = order.map(({ value }, index) => sql`${value}::text as ${sql.raw(`"$${index}"`)}`)
  return fields.length === 0 ? sql.join(positions) : sql.join([columns, ...positions])
}

/** Where an entity's rows are written. */
export function tableOf(entity: EntityDefinition): RawBuilder<unknown> {
  return sql.raw(entity.table)
}

/** Where an entity's rows are read. */
export function sourceOf(entity: EntityDefinition): RawBuilder<unknown> {
  return sql.raw(entity.source)
}

/** The comment by which a statement is found in `pg_stat_statements`. */
export function label(entity: EntityDefinition, action: string): RawBuilder<unknown> {
  return sql.raw(`/* ${entity.plural}.${action} */`)
}

export interface RowsRequest {
  readonly fields: readonly string[]
  readonly where: Condition
  readonly order?: readonly OrderTerm[]
}

/** Reads rows of one entity. */
export function selectRows(
  session: Session,
  entity: EntityDefinition,
  { fields, where, order = [] }: RowsRequest,
): Promise<readonly EntityRow[]> {
  const ordered = order.length === 0 ? sql`` : sql` order by ${orderBy(order)}`
  const query = sql<EntityRow>`${label(entity, 'select')} select ${selectList(entity, fields)} from ${sourceOf(entity)} e where ${where}${ordered}`
  return session.run(query.compile(statements))
}

/** The rows with one of these keys, where the key is a single column. */
export function keyIn(entity: EntityDefinition, field: string, keys: readonly string[]): Condition {
  return sql`e.${sql.raw(entity.columns.get(field)?.column ?? field)} = any(${keys})`
}

/** The one row with this key. */
export function keyIs(entity: EntityDefinition, key: readonly string[]): Condition {
  const parts = entity.key.map(
    (field, index) => sql`e.${sql.raw(entity.columns.get(field)?.column ?? field)} = ${key[index]}`,
  )
  return sql`${sql.join(parts, sql` and `)}`
}

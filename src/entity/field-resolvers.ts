import { isObjectType, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql'
import type { ColumnMeta } from './column.js'
import { allEntities, type EntityDefinition } from './entity.js'
import { encodeId } from './global-id.js'
import type { EntityRow } from './rows.js'

const INFINITE = new Set(['infinity', '-infinity'])

/**
 * Gives relations their resolvers, and columns their outer form: ids become opaque, money becomes an amount with its
 * currency, an unbounded moment becomes null. Rows keep raw values inside, which services and loaders work with.
 */
export function attachFieldResolvers(
  schema: GraphQLSchema,
  entities: readonly EntityDefinition[] = allEntities(),
): void {
  for (const entity of entities) {
    attach(schema, entity.name, [...entity.columns.values()], entity)
    if (entity.aggregate !== undefined)
      attach(schema, `${entity.name}Group`, entity.aggregate.groupBy, entity)
  }
}

function attach(
  schema: GraphQLSchema,
  typeName: string,
  columns: readonly ColumnMeta[],
  entity: EntityDefinition,
): void {
  const type = schema.getType(typeName)
  if (!isObjectType(type)) return
  const fields = type.getFields()
  for (const column of columns) {
    const field = fields[column.field]
    const resolve = resolverOf(column, entity)
    // Without one, compiled code reads the property itself, without the cost of a call.
    if (field !== undefined && resolve !== undefined) field.resolve = resolve
  }
  for (const [name, { resolve }] of entity.relations) {
    const field = fields[name]
    if (field !== undefined) field.resolve = resolve
  }
}

/** Undefined for a column whose value is answered as it is. */
function resolverOf(
  column: ColumnMeta,
  entity: EntityDefinition,
): GraphQLFieldResolver<EntityRow, unknown> | undefined {
  const { field, kind, references, currency } = column
  if (field === 'id')
    return (row) =>
      encodeId(
        entity.name,
        entity.key.map((part) => row[part]),
      )
  if (kind === 'id') {
    const target = references?.()
    if (target === undefined) throw new TypeError(`${entity.name}.${field} does not say what it references`)
    return (row) => (isEmpty(row[field]) ? null : encodeId(target.name, [row[field]]))
  }
  if (kind === 'money') {
    return (row) =>
      isEmpty(row[field]) ? null : { amount: row[field], currency: row[currency ?? 'currency'] }
  }
  if (kind === 'datetime') return (row) => (INFINITE.has(String(row[field])) ? null : row[field])
  return undefined
}

/** What a column's field answers for a row, outside of an execution. */
export function readerOf(column: ColumnMeta, entity: EntityDefinition): (row: EntityRow) => unknown {
  const resolve = resolverOf(column, entity)
  if (resolve === undefined) return (row) => row[column.field]
  return resolve as (row: EntityRow) => unknown
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined
}

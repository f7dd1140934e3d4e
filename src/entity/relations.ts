import { sql } from 'kysely'
import { FieldResolver, Resolver } from 'type-graphql'
import type { EntityClass } from './column.js'
import { connectionType } from './connection-types.js'
import { columnNameOf, type EntityDefinition } from './entity.js'
import { declareListArguments } from './list-arguments.js'
import type { ListArguments } from './page.js'
import { pageOf, relationSource, type ToManyOptions } from './page-loader.js'
import { declareRelationFilter, rowsByColumn, type RelationFilter } from './relation-filters.js'
import { relatedTo } from './to-one.js'
import type { Method, Prototype } from './resolver-prototype.js'
import { descriptor } from './resolver-prototype.js'

/** A resolver class made by the kernel, ready for `buildSchema`. */
export type ResolverClass = EntityClass

export interface ToOneOptions {
  /** Field of this entity that holds the other's key. */
  readonly key: string
  readonly target: EntityDefinition
  /** Field of the target that `key` equals; its id when left out. */
  readonly targetKey?: string
  readonly description: string
}

/**
 * A field that leads to one other object. It is nullable also where the key is not: the other object may have
 * been deleted since, or be none the reader may see.
 */
export function toOne(entity: EntityDefinition, name: string, options: ToOneOptions): ResolverClass[] {
  const { key, target, targetKey = 'id', description } = options
  const one = { key, target, targetKey }
  entity.relations.set(name, {
    starts: [key],
    one,
    resolve: (row, _args, context, info) => relatedTo(context, name, one, row, info),
  })
  const rowsOf = rowsByColumn(target, columnNameOf(target, targetKey), columnNameOf(entity, key))
  declareRelationFilter(entity, name, { target, many: false, rowsOf }, description)
  const { aggregate } = entity
  const grouped = aggregate?.groupBy.some(({ field }) => field === key) === true ? [aggregate.groupType] : []
  return [entity.type, ...grouped].map((type) => declareRelation(type, name, () => target.type, description))
}

/** A field that leads to a list of other objects, with the filter, order and pages of any list. */
export function toMany(entity: EntityDefinition, name: string, options: ToManyOptions): ResolverClass[] {
  const { target, description } = options
  entity.relations.set(name, {
    starts: entity.key,
    resolve: (row, list: ListArguments, context, info) =>
      pageOf(context, `${entity.name}.${name}`, options, row, list, info),
  })
  declareRelationFilter(entity, name, { target, many: true, rowsOf: rowsOfMany(options) }, description)
  const connection = connectionType(target)
  return [declareRelation(entity.type, name, () => connection, description, target)]
}

/** The rows of a to-many relation of one row. */
function rowsOfMany(options: ToManyOptions): RelationFilter['rowsOf'] {
  return (outer, inner) => {
    const { source, parent } = relationSource(options, inner)
    return sql`from ${source} where ${parent} = ${sql.raw(`${outer}.id`)}`
  }
}

/**
 * Makes the class that type-graphql wants around one field. It only declares it: `attachFieldResolvers` gives the
 * field its resolver, without the wrapper that type-graphql would put around every call.
 */
function declareRelation(
  of: EntityClass,
  name: string,
  type: () => object,
  description: string,
  list?: EntityDefinition,
): ResolverClass {
  const resolverClass = class {}
  const prototype = resolverClass.prototype as Prototype
  prototype[name] = (() => {
    throw new TypeError(`the relation ${name} was not attached to the schema`)
  }) as Method
  if (list !== undefined) declareListArguments(list, prototype, name, 0)
  FieldResolver(type, { description, nullable: true })(prototype, name, descriptor(prototype, name))
  Resolver(() => of as never)(resolverClass)
  return resolverClass
}

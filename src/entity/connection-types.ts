import { Field, ObjectType } from 'type-graphql'
import type { EntityClass } from './column.js'
import type { EntityDefinition } from './entity.js'
import { SafeInt } from './scalars.js'

/** Where a page stands in its list. */
@ObjectType({ description: 'Where a page stands in its list.', simpleResolvers: true })
export class PageInfo {
  @Field(() => Boolean, { description: 'True when objects follow behind this page.' })
  readonly hasNextPage!: boolean

  @Field(() => Boolean, { description: 'True when objects stand ahead of this page.' })
  readonly hasPreviousPage!: boolean

  @Field(() => String, { nullable: true, description: 'Cursor of the first object; null on an empty page.' })
  readonly startCursor!: string | null

  @Field(() => String, { nullable: true, description: 'Cursor of the last object; null on an empty page.' })
  readonly endCursor!: string | null
}

const connections = new Map<EntityDefinition, EntityClass>()

/** `<Entity>Connection` and `<Entity>Edge` by the Relay cursor connections specification. */
export function connectionType(entity: EntityDefinition): EntityClass {
  const known = connections.get(entity)
  if (known !== undefined) return known
  const edgeClass = class {}
  declareField(edgeClass, 'node', () => entity.type, 'The object.')
  declareField(edgeClass, 'cursor', () => String, 'Its position in the list, for `after` and `before`.')
  ObjectType(`${entity.name}Edge`, {
    description: `One ${entity.name} and its position in a list.`,
    simpleResolvers: true,
  })(edgeClass)

  const connectionClass = class {}
  declareField(connectionClass, 'nodes', () => [entity.type], 'The objects of the page.')
  declareField(connectionClass, 'edges', () => [edgeClass], 'The objects of the page with their positions.')
  declareField(connectionClass, 'pageInfo', () => PageInfo, 'Where the page stands in the list.')
  declareField(
    connectionClass,
    'totalCount',
    () => SafeInt,
    'How many objects the whole list holds. Counted only when asked for.',
  )
  ObjectType(`${entity.name}Connection`, {
    description: `A page of a list of ${entity.name} objects.`,
    simpleResolvers: true,
  })(connectionClass)
  connections.set(entity, connectionClass)
  return connectionClass
}

/** Declares one field on a generated object type. */
export function declareField(
  type: EntityClass,
  field: string,
  fieldType: () => object,
  description: string,
  nullable = false,
): void {
  Field(fieldType, { description, nullable })(type.prototype as object, field)
}

import type { GraphQLFieldResolver } from 'graphql'
import type { EntityDefinition } from './entity.js'
import type { OperationContext } from './operation-context.js'
import type { EntityRow } from './rows.js'

/** A field that leads to other objects. */
export interface Relation {
  /** Fields of the row that it starts from. */
  readonly starts: readonly string[]
  readonly resolve: GraphQLFieldResolver<EntityRow, OperationContext>
  /** There when it leads to one object, which can then be read along with the row. */
  readonly one?: ToOneRelation
}

/** Where a to-one relation leads. */
export interface ToOneRelation {
  /** Field of the row that holds the other's key. */
  readonly key: string
  readonly target: EntityDefinition
  /** Field of the target that `key` equals. */
  readonly targetKey: string
}

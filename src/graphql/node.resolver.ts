import type { GraphQLResolveInfo } from 'graphql'
import { Arg, Ctx, ID, Info, Query, Resolver } from 'type-graphql'
import { AppError } from '../errors.js'
import { allEntities, Node, type EntityDefinition } from '../entity/entity.js'
import { decodeId } from '../entity/global-id.js'
import type { OperationContext } from '../entity/operation-context.js'
import { readable } from '../entity/read-access.js'
import { fieldsFor, type EntityRow } from '../entity/rows.js'
import { selectionOf } from '../entity/selection.js'
import { findRow, keyFromId } from '../entity/store.js'

@Resolver()
export class NodeResolver {
  @Query(() => Node, {
    nullable: true,
    description: 'Any object by its id; null when there is none or it may not be seen.',
  })
  node(
    @Arg('id', () => ID, { description: 'Id of the object.' }) id: string,
    @Ctx() context: OperationContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<EntityRow | null> {
    return readNode(context, allEntities(), id, info)
  }
}

/** An object of one of these entities by its id, with its type's name. Throws BAD_USER_INPUT for any other id. */
export async function readNode(
  context: OperationContext,
  entities: readonly EntityDefinition[],
  id: string,
  info: GraphQLResolveInfo,
): Promise<EntityRow | null> {
  const type = decodeId(id)?.type
  const entity = entities.find(({ name }) => name === type)
  if (entity === undefined) {
    throw new AppError('BAD_USER_INPUT', 'id is not an id of this API.', { field: 'id' })
  }
  const fields = fieldsFor(entity, selectionOf(info))
  const key = keyFromId(entity, id)
  const row = await findRow(context.read(), entity, key, readable(context, entity), fields)
  return row === undefined ? null : { ...row, __typename: entity.name }
}

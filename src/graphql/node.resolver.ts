import type { GraphQLResolveInfo } from 'graphql'
import { Arg, Ctx, ID, Info, Query, Resolver } from 'type-graphql'
import { AppError } from '../errors.js'
import { allEntities, Node } from '../entity/entity.js'
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
  async node(
    @Arg('id', () => ID, { description: 'Id of the object.' }) id: string,
    @Ctx() context: OperationContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<EntityRow | null> {
    const type = decodeId(id)?.type
    const entity = allEntities().find(({ name }) => name === type)
    if (entity === undefined) {
      throw new AppError('BAD_USER_INPUT', 'id is not an id of this API.', { field: 'id' })
    }
    const fields = fieldsFor(entity, selectionOf(info))
    const row = await findRow(
      context.read(),
      entity,
      keyFromId(entity, id),
      readable(context, entity),
      fields,
    )
    return row === undefined ? null : { ...row, __typename: entity.name }
  }
}

import type { GraphQLResolveInfo } from 'graphql'
import { Arg, Ctx, ID, Info, Query, Resolver } from 'type-graphql'
import { Node, type EntityDefinition } from '../entity/entity.js'
import type { OperationContext } from '../entity/operation-context.js'
import type { EntityRow } from '../entity/rows.js'
import { readNode } from '../graphql/node.resolver.js'
import { catalogueEntities } from './catalogue.js'
import { organizations } from './organization.entity.js'

/** Everything the platform API shows by id. */
export const platformEntities: readonly EntityDefinition[] = [organizations, ...catalogueEntities]

@Resolver()
export class PlatformNodeResolver {
  @Query(() => Node, { nullable: true, description: 'Any object by its id; null when there is none.' })
  node(
    @Arg('id', () => ID, { description: 'Id of the object.' }) id: string,
    @Ctx() context: OperationContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<EntityRow | null> {
    return readNode(context, platformEntities, id, info)
  }
}

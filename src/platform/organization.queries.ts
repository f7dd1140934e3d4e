import type { GraphQLResolveInfo } from 'graphql'
import { Arg, Ctx, Info, Query, Resolver } from 'type-graphql'
import { fieldsFor, type EntityRow } from '../entity/rows.js'
import { selectionOf } from '../entity/selection.js'
import { findOrganization, organizationKey } from './find-organization.js'
import { Organization, organizations } from './organization.entity.js'
import type { PlatformContext } from './platform-context.js'

@Resolver()
export class OrganizationQueries {
  @Query(() => Organization, {
    nullable: true,
    description: 'One organization by its key, in any state; null when there never was one.',
  })
  async organization(
    @Arg('key', () => String, { description: 'Its key, as in the header `org-id`.' }) key: string,
    @Ctx() context: PlatformContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<EntityRow | null> {
    const fields = fieldsFor(organizations, selectionOf(info))
    return (await findOrganization(context, organizationKey(key, 'key'), fields)) ?? null
  }
}

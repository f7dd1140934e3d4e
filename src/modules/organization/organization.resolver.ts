import { Ctx, Info, Query, Resolver } from 'type-graphql'
import type { GraphQLResolveInfo } from 'graphql'
import type { TenantOperation } from '../../entity/operation-context.js'
import { readable } from '../../entity/read-access.js'
import { fieldsFor, type EntityRow } from '../../entity/rows.js'
import { selectionOf } from '../../entity/selection.js'
import { findRow, notFound } from '../../entity/store.js'
import { Organization, organizations } from './organization.entity.js'

@Resolver(() => Organization)
export class OrganizationResolver {
  @Query(() => Organization, { nullable: true, description: 'The organization the request works in.' })
  async organization(@Ctx() context: TenantOperation, @Info() info: GraphQLResolveInfo): Promise<EntityRow> {
    const fields = fieldsFor(organizations, selectionOf(info))
    const key = [context.tenant.organizationId]
    const row = await findRow(context.read(), organizations, key, readable(context, organizations), fields)
    if (row === undefined) throw notFound(organizations)
    return row
  }
}

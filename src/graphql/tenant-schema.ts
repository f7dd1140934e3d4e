import 'reflect-metadata'
import type { GraphQLSchema } from 'graphql'
import { attachFieldResolvers } from '../entity/field-resolvers.js'
import type { RootRules } from '../entity/module.js'
import { guarded } from './authorization.js'
import { buildApiSchema } from './build-schema.js'
import { attachIdempotency } from './idempotency.js'
import { modules } from './modules.js'
import { EntityChangedResolver } from './subscriptions/entity-changed.resolver.js'
import { NodeResolver } from './node.resolver.js'

/** Rules of every root field of the tenant API. */
export const tenantRules: readonly RootRules[] = [
  ...modules.flatMap(({ rules }) => rules),
  // Which permission it takes depends on the type asked for.
  { Query: { node: 'anyMember' }, Subscription: { entityChanged: 'anyMember' } },
]

/** The schema of the tenant API: everything inside one organization. */
export function buildTenantSchema(): GraphQLSchema {
  const schema = buildApiSchema([
    ...modules.flatMap(({ resolvers }) => resolvers),
    NodeResolver,
    EntityChangedResolver,
  ])
  attachFieldResolvers(schema)
  attachIdempotency(schema)
  return guarded(schema, tenantRules)
}

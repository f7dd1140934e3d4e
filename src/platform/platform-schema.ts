import 'reflect-metadata'
import type { GraphQLSchema } from 'graphql'
import { attachFieldResolvers } from '../entity/field-resolvers.js'
import type { RootRules } from '../entity/module.js'
import { guarded } from '../graphql/authorization.js'
import { buildApiSchema } from '../graphql/build-schema.js'
import { catalogue } from './catalogue.js'
import { ExchangeRateResolver } from './exchange-rate.resolver.js'
import { FleetResolver } from './fleet.resolver.js'
import { ModelPriceResolver } from './model-price.resolver.js'
import { ModuleMutations } from './module.mutations.js'
import { PlatformNodeResolver, platformEntities } from './node.resolver.js'
import { organizationCrud } from './organization.entity.js'
import { OrganizationMutations } from './organization.mutations.js'
import { OrganizationQueries } from './organization.queries.js'

/** Rules of every root field of the platform API. */
export const platformRules: readonly RootRules[] = [
  ...catalogue.rules,
  organizationCrud.rules,
  {
    Query: {
      node: 'anyMember',
      organization: { module: 'core', permission: 'organization.read' },
      fleet: { module: 'core', permission: 'fleet.read' },
    },
    Mutation: {
      createOrganization: { module: 'core', permission: 'organization.create' },
      suspendOrganization: { module: 'core', permission: 'organization.suspend' },
      resumeOrganization: { module: 'core', permission: 'organization.suspend' },
      deleteOrganization: { module: 'core', permission: 'organization.delete' },
      enableModule: { module: 'core', permission: 'organization.update' },
      disableModule: { module: 'core', permission: 'organization.update' },
      changePlan: { module: 'core', permission: 'organization.update' },
      purgeModule: { module: 'core', permission: 'organization.delete' },
      addModelPrice: { module: 'core', permission: 'model_price.create' },
      setExchangeRates: { module: 'core', permission: 'exchange_rate.set' },
    },
  },
]

/** The schema of the platform API. */
export function platformSchema(): GraphQLSchema {
  const schema = buildApiSchema([
    ...catalogue.resolvers,
    organizationCrud.resolver,
    OrganizationQueries,
    OrganizationMutations,
    ModuleMutations,
    ModelPriceResolver,
    ExchangeRateResolver,
    FleetResolver,
    PlatformNodeResolver,
  ])
  attachFieldResolvers(schema, platformEntities)
  return guarded(schema, platformRules)
}

import type { EventHub } from '../events/event-hub.js'
import type { GraphqlApi } from './api.js'
import { modulePartsOf } from './introspection/module-parts.js'
import { OfferedSchemas } from './introspection/offered-schemas.js'
import { modules } from './modules.js'
import { subscriptionApi } from './subscriptions/subscription-api.js'
import { createTenantContext, type TenantContext, type TenantContextOptions } from './tenant-context.js'
import { buildTenantSchema } from './tenant-schema.js'

export interface TenantApiOptions extends Omit<TenantContextOptions, 'announce'> {
  /** Where subscribers get their events from; without it there are no subscriptions. */
  readonly hub?: EventHub | undefined
}

/** The API inside one organization, `/graphql`. */
export function tenantApi({ hub, ...rest }: TenantApiOptions): GraphqlApi {
  const options: TenantContextOptions = { ...rest, announce: hub && ((tenant) => hub.announce(tenant)) }
  const schema = buildTenantSchema()
  const offered = new OfferedSchemas(schema, modulePartsOf(modules))
  return {
    name: 'tenant',
    schema,
    offeredSchema: (context) =>
      offered.of((module) => (context as TenantContext).moduleUse(module).allows !== 'nothing'),
    createContext: (facts) => createTenantContext(options, facts),
    ...(hub === undefined ? {} : { subscriptions: subscriptionApi(options, hub) }),
  }
}

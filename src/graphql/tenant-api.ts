import type { GraphqlApi } from './api.js'
import { createTenantContext, type TenantContextOptions } from './tenant-context.js'
import { buildTenantSchema } from './tenant-schema.js'

/** The API inside one organization, `/graphql`. */
export function tenantApi(options: TenantContextOptions): GraphqlApi {
  return {
    name: 'tenant',
    schema: buildTenantSchema(),
    createContext: (facts) => createTenantContext(options, facts),
  }
}

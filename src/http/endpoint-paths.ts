import type { GraphqlApi } from '../graphql/api.js'

/** Where each API is served. */
export const endpointPaths = {
  tenant: '/graphql',
  account: '/account/graphql',
  platform: '/platform/graphql',
} as const satisfies Record<GraphqlApi['name'], string>

import 'reflect-metadata'
import type { GraphqlApi } from '../graphql/api.js'
import { createPlatformContext, type PlatformApiOptions } from './platform-context.js'
import { platformSchema } from './platform-schema.js'

/** The control plane: organizations, their schemas and the shared catalogue, `/platform/graphql`. */
export function platformApi(options: PlatformApiOptions): GraphqlApi {
  return {
    name: 'platform',
    schema: platformSchema(),
    createContext: (facts) => createPlatformContext(options, facts),
  }
}

import { defineModule } from '../../entity/module.js'
import { apiKeys } from './api-key.entity.js'
import { ApiKeyResolver } from './api-key.resolver.js'

/** Credentials of the organization. */
export const identityModule = defineModule({
  name: 'identity',
  entities: [apiKeys],
  resolvers: [ApiKeyResolver],
  rules: {
    Mutation: {
      createApiKey: { module: 'core', permission: 'api_key.create' },
      revokeApiKey: { module: 'core', permission: 'api_key.update' },
    },
  },
})

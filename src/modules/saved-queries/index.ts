import { defineModule } from '../../entity/module.js'
import { toOne } from '../../entity/relations.js'
import { users } from '../organization/user.entity.js'
import { savedQueries } from './saved-query.entity.js'
import { SavedQueryResolver } from './saved-query.resolver.js'

/** Queries that people keep and share. */
export const savedQueriesModule = defineModule({
  name: 'saved-queries',
  entities: [savedQueries],
  relations: [
    toOne(savedQueries, 'owner', { key: 'ownerId', target: users, description: 'The person whose it is.' }),
  ],
  resolvers: [SavedQueryResolver],
  rules: {
    Mutation: {
      createSavedQuery: { module: 'core', permission: 'saved_query.create' },
      updateSavedQuery: { module: 'core', permission: 'saved_query.update' },
      deleteSavedQuery: { module: 'core', permission: 'saved_query.delete' },
    },
  },
})

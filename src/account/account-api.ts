import 'reflect-metadata'
import type { GraphqlApi } from '../graphql/api.js'
import type { OperationDatabase } from '../graphql/scoped-operation.js'
import { createAccountContext } from './account-context.js'
import { accountSchema } from './account-schema.js'

/** The API of a person before or without an organization, `/account/graphql`. */
export function accountApi(database: OperationDatabase): GraphqlApi {
  return {
    name: 'account',
    schema: accountSchema(),
    createContext: (facts) => createAccountContext(database, facts),
  }
}

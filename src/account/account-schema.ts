import 'reflect-metadata'
import type { GraphQLSchema } from 'graphql'
import { guarded } from '../graphql/authorization.js'
import { buildApiSchema } from '../graphql/build-schema.js'
import type { RootRules } from '../entity/module.js'
import { AccountResolver } from './account.resolver.js'

/** Rules of every root field of the account API: whoever got a context is a person and sees that person only. */
export const accountRules: readonly RootRules[] = [
  { Query: { me: 'anyMember', myOrganizations: 'anyMember' } },
]

/** The schema of the account API. */
export function accountSchema(): GraphQLSchema {
  return guarded(buildApiSchema([AccountResolver]), accountRules)
}

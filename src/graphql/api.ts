import type { GraphQLSchema } from 'graphql'
import type { SubscriptionApi } from './subscriptions/subscription-api.js'
import type { Actor } from '../tenancy/actor.js'

/** What the HTTP layer knows of a request before GraphQL starts. */
export interface RequestFacts {
  /** Who sends it, or undefined without a credential. */
  readonly actor: Actor | undefined
  /** Every value of `org-id` and its alias `x-org-id`, in the order given. */
  readonly organizationHeaders: readonly string[]
  /** Value of `x-request-id`, given or made; found again in the log. */
  readonly requestId: string
  readonly ipAddress: string | undefined
  readonly userAgent: string | undefined
}

/** What every API's context carries. */
export interface ApiContext {
  readonly requestId: string
  /** Ends what the operation opened; called once, when its answer is complete. */
  end(): Promise<void>
}

/** One of the three GraphQL APIs: its schema, and what its resolvers get for a request. */
export interface GraphqlApi {
  readonly name: 'tenant' | 'account' | 'platform'
  readonly schema: GraphQLSchema
  /** Throws an AppError when the request is refused as a whole: no credential, no tenant, no right to this API. */
  createContext(facts: RequestFacts): Promise<ApiContext>
  /** There when clients may subscribe. */
  readonly subscriptions?: SubscriptionApi
}

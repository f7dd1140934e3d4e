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
  /** Value of `idempotency-key`, as it was sent. */
  readonly idempotencyKey?: string | undefined
  readonly ipAddress: string | undefined
  readonly userAgent: string | undefined
}

/** Whose limits apply to a request. */
export interface LimitedParty {
  /** The organization. */
  readonly tenant: string
  readonly organizationId: string
  readonly plan: string
  /** The organization's own limits, as they are kept: `organizations.settings` → `limits`. */
  readonly limits: unknown
  /** The organization's own monthly quota; null when it has none. */
  readonly requestsPerMonth: number | null
  readonly apiKey?: {
    readonly id: string
    readonly requestsPerMinute: number
    readonly requestsPerMonth: number
  }
}

/** What every API's context carries. */
export interface ApiContext {
  readonly requestId: string
  /** Absent where nobody but the installation sets limits. */
  readonly party?: LimitedParty
  /** Cancels what runs for the operation in the database; what waits for it fails with `reason`. */
  abort(reason: Error): void
  /** What was loaded so far; forgotten between the pages of a long answer. */
  readonly loaders?: { clear(): void }
  /** Ends what the operation opened; called once, when its answer is complete. */
  end(): Promise<void>
}

/** One of the three GraphQL APIs: its schema, and what its resolvers get for a request. */
export interface GraphqlApi {
  readonly name: 'tenant' | 'account' | 'platform'
  readonly schema: GraphQLSchema
  /** What whoever has this context is shown of the schema, when that is not all of it. */
  offeredSchema?(context: ApiContext): GraphQLSchema
  /** Throws an AppError when the request is refused as a whole: no credential, no tenant, no right to this API. */
  createContext(facts: RequestFacts): Promise<ApiContext>
  /** There when clients may subscribe. */
  readonly subscriptions?: SubscriptionApi
}

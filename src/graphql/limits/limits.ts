import type { Config } from '../../config.js'
import type { LimitedParty } from '../api.js'

/** How much a request may ask for, and how often. */
export interface Limits {
  /** Levels of fields below each other. */
  readonly queryDepth: number
  /** Fields that are renamed, or selected again in the same place. */
  readonly queryAliases: number
  /** Fields of `Query` or `Mutation`. */
  readonly rootFields: number
  /** Directives in the document. */
  readonly queryDirectives: number
  /** Fields of the document, those of fragments counted wherever they are spread. */
  readonly queryFields: number
  /** Values the answer may hold; see query-cost.ts. */
  readonly queryCost: number
  /** Requests of one organization that one gateway serves at once. */
  readonly concurrentRequests: number
  /** Requests of one organization that one gateway serves in a minute; 0 means no limit. */
  readonly requestsPerMinute: number
  /** Requests of one organization in a calendar month (UTC), by all gateways together; 0 means no limit. */
  readonly requestsPerMonth: number
}

/** The limits of everybody, as the configuration sets them. */
export function generalLimits(config: LimitsConfig): Limits {
  return {
    queryDepth: config.maxQueryDepth,
    queryAliases: config.maxQueryAliases,
    rootFields: config.maxRootFields,
    queryDirectives: config.maxQueryDirectives,
    queryFields: config.maxQueryFields,
    queryCost: config.maxQueryCost,
    concurrentRequests: config.maxConcurrentRequests,
    requestsPerMinute: config.maxRequestsPerMinute,
    requestsPerMonth: config.maxRequestsPerMonth,
  }
}

/** The settings limits come from. */
export type LimitsConfig = Pick<
  Config,
  | 'maxQueryDepth'
  | 'maxQueryAliases'
  | 'maxRootFields'
  | 'maxQueryDirectives'
  | 'maxQueryFields'
  | 'maxQueryCost'
  | 'maxConcurrentRequests'
  | 'maxRequestsPerMinute'
  | 'maxRequestsPerMonth'
  | 'planLimits'
>

/** The limits of one organization: its own win over those of its plan, and those over everybody's. */
export function limitsOf(
  general: Limits,
  plans: LimitsConfig['planLimits'],
  party: LimitedParty | undefined,
): Limits {
  if (party === undefined) return general
  const ofPlan = plans[party.plan]
  const own = party.limits
  if (ofPlan === undefined && (own === null || own === undefined)) return general
  const limits: Record<string, number> = { ...general, ...ofPlan }
  for (const name of Object.keys(general)) {
    const value: unknown = (own as Record<string, unknown> | null | undefined)?.[name]
    if (Number.isSafeInteger(value) && (value as number) >= 0) limits[name] = value as number
  }
  return limits as unknown as Limits
}

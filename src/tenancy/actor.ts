import type { TenantId } from './tenant-id.js'

/** A person, proven by a token. Its rights in an organization come from a membership. */
export interface PersonActor {
  readonly kind: 'person'
  readonly identityId: string
  /** The only organization the token may be used for, when it names one. */
  readonly boundTo?: TenantId
}

/** A machine, proven by an API key, which is bound to one organization. */
export interface ApiKeyActor {
  readonly kind: 'api_key'
  readonly apiKeyId: string
  readonly organizationId: string
  readonly boundTo: TenantId
  readonly role: AccessRole
  /** How many requests a minute the key is good for. */
  readonly requestsPerMinute: number
  /** How many requests a calendar month (UTC) the key is good for. */
  readonly requestsPerMonth: number
}

/** Who sends a request, as far as a credential proves it. */
export type Actor = PersonActor | ApiKeyActor

/** Roles inside an organization: those of memberships, and the one of API keys. */
export const accessRoles = ['owner', 'admin', 'member', 'viewer', 'api_user'] as const
export type AccessRole = (typeof accessRoles)[number]

export function isAccessRole(value: string): value is AccessRole {
  return (accessRoles as readonly string[]).includes(value)
}

import { AppError } from '../errors.js'
import type { AccessRole, Actor } from './actor.js'
import { requireServableVersions, type TenantGate } from './served-versions.js'
import type { DirectoryEntry, TenantDirectory } from './tenant-directory.js'
import { parseTenantId, type TenantId } from './tenant-id.js'

/** An organization a request may work in, with what the actor is there. */
export interface Tenant extends DirectoryEntry {
  readonly role: AccessRole
}

/** Seconds after which a client may ask again for an organization that is not served now. */
const RETRY_AFTER = 30

/**
 * The tenant a request is for. The header selects and never grants; without one, a credential bound to one
 * organization selects it. Order of checks: well-formed, membership, state, versions of its schema – so that a foreign
 * tenant never shows its state.
 *
 * @param selected - every value given in `org-id` and its alias `x-org-id`
 */
export async function resolveTenant(
  directory: TenantDirectory,
  actor: Actor,
  selected: readonly string[],
  gate?: TenantGate,
): Promise<Tenant> {
  const tenant = selectTenant(actor, selected)
  const entry = await membershipOf(directory, actor, tenant)
  if (entry === undefined) throw notFound(tenant)
  requireServable(entry)
  if (gate !== undefined) requireServableVersions(entry, gate)
  return entry
}

function selectTenant(actor: Actor, selected: readonly string[]): TenantId {
  const values = selected.flatMap((value) => value.split(',')).map((value) => value.trim())
  const distinct = [...new Set(values)]
  const [first] = distinct
  if (first === undefined) {
    if (actor.boundTo !== undefined) return actor.boundTo
    throw new AppError(
      'TENANT_REQUIRED',
      'Say which organization the request is for: send its id in the header org-id.',
    )
  }
  if (distinct.length > 1) {
    throw new AppError(
      'TENANT_AMBIGUOUS',
      'The headers org-id and x-org-id name different organizations. Send one of them, once.',
    )
  }
  return parseTenantId(first)
}

async function membershipOf(
  directory: TenantDirectory,
  actor: Actor,
  tenant: TenantId,
): Promise<Tenant | undefined> {
  if (actor.boundTo !== undefined && actor.boundTo !== tenant) return undefined
  if (actor.kind === 'api_key') {
    const entry = await directory.organization(actor.organizationId, tenant)
    return entry === undefined ? undefined : { ...entry, role: actor.role }
  }
  const membership = await directory.membership(actor.identityId, tenant)
  if (membership === undefined) return undefined
  return membership.expiresAt === null || membership.expiresAt > Date.now() ? membership : undefined
}

function requireServable(entry: DirectoryEntry): void {
  switch (entry.state) {
    case 'active':
      return
    case 'suspended':
      throw new AppError(
        'TENANT_SUSPENDED',
        `The organization ${entry.tenant} is suspended. Its data is kept; ask the platform's operator to resume it.`,
        { tenant: entry.tenant },
        { retryAfter: RETRY_AFTER },
      )
    case 'archived':
    case 'deprovisioning':
    case 'deleted':
      throw notFound(entry.tenant)
    default:
      throw new AppError(
        'SERVICE_UNAVAILABLE',
        `The organization ${entry.tenant} is not ready yet (${entry.state}). Try again later.`,
        { tenant: entry.tenant },
        { retryAfter: RETRY_AFTER },
      )
  }
}

function notFound(tenant: TenantId): AppError {
  return new AppError(
    'TENANT_NOT_FOUND',
    `There is no organization ${tenant} that you belong to. Check the header org-id and your credential.`,
  )
}

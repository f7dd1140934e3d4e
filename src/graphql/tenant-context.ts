import { AppError } from '../errors.js'
import { recordInOrganization, type Change } from '../entity/audit-trail.js'
import type { TenantOperation } from '../entity/operation-context.js'
import { hasWrittenEvents } from '../events/outbox.js'
import type { Actor } from '../tenancy/actor.js'
import { rolePermits, type Permission } from '../tenancy/role-permissions.js'
import type { Session } from '../tenancy/session.js'
import { tenantScope } from '../tenancy/session-scope.js'
import { resolveTenant, type Tenant } from '../tenancy/tenant-resolver.js'
import type { TenantDirectory } from '../tenancy/tenant-directory.js'
import type { RequestFacts } from './api.js'
import { ScopedOperation, type OperationDatabase } from './scoped-operation.js'

export interface TenantContextOptions extends OperationDatabase {
  readonly directory: TenantDirectory
  /** Told of an organization whose news were committed. */
  readonly announce?: ((tenant: Tenant) => void) | undefined
}

/** Proves who asks and for which organization, and opens nothing yet. */
export async function createTenantContext(
  options: TenantContextOptions,
  facts: RequestFacts,
): Promise<TenantContext> {
  const actor = requireActor(facts.actor)
  const tenant = await resolveTenant(options.directory, actor, facts.organizationHeaders)
  return new TenantContext(options, facts, actor, tenant)
}

/** Throws UNAUTHENTICATED when nobody is there. */
export function requireActor(actor: Actor | undefined): Actor {
  if (actor !== undefined) return actor
  throw new AppError(
    'UNAUTHENTICATED',
    'Send a credential: a token in the header authorization ("Bearer …") or an API key in x-api-key.',
  )
}

/** One operation inside one organization. */
export class TenantContext extends ScopedOperation implements TenantOperation {
  readonly actor: Actor
  /** The organization stays the same; what the actor is in it may change while a subscription lasts. */
  tenant: Tenant
  readonly #announce: ((tenant: Tenant) => void) | undefined

  constructor(
    database: Omit<TenantContextOptions, 'directory'>,
    facts: RequestFacts,
    actor: Actor,
    tenant: Tenant,
  ) {
    const identityId = actor.kind === 'person' ? actor.identityId : undefined
    super(database, tenantScope(tenant.tenant, tenant.organizationId, identityId), facts)
    this.actor = actor
    this.tenant = tenant
    this.#announce = database.announce
  }

  hasModule(module: string): boolean {
    return this.tenant.modules.has(module)
  }

  permits(permission: Permission): boolean {
    return rolePermits(this.tenant.role, permission)
  }

  override async write<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    let hasNews = false
    const result = await super.write(async (session) => {
      const done = await work(session)
      hasNews = hasWrittenEvents(session)
      return done
    })
    if (hasNews) this.#announce?.(this.tenant)
    return result
  }

  record(session: Session, change: Change): Promise<void> {
    return recordInOrganization(session, this, change)
  }
}

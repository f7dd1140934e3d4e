import { AppError } from '../errors.js'
import { recordInOrganization, type Change } from '../entity/audit-trail.js'
import type { TenantOperation, WriteOptions } from '../entity/operation-context.js'
import { runOnce, type OnceRequest } from '../entity/run-once.js'
import { hasWrittenEvents } from '../events/outbox.js'
import type { Actor } from '../tenancy/actor.js'
import { moduleUse, type ModuleUse } from '../tenancy/module-access.js'
import { rolePermits, type Permission } from '../tenancy/role-permissions.js'
import type { Session } from '../tenancy/session.js'
import type { TenantGate } from '../tenancy/served-versions.js'
import { tenantScope } from '../tenancy/session-scope.js'
import { resolveTenant, type Tenant } from '../tenancy/tenant-resolver.js'
import type { TenantDirectory } from '../tenancy/tenant-directory.js'
import type { LimitedParty, RequestFacts } from './api.js'
import { ScopedOperation, type OperationDatabase } from './scoped-operation.js'

export interface TenantContextOptions extends OperationDatabase {
  readonly directory: TenantDirectory
  /** Compares an organization's schema with what this program can work with. */
  readonly gate?: TenantGate | undefined
  /** Told of an organization whose news were committed. */
  readonly announce?: ((tenant: Tenant) => void) | undefined
}

/** Proves who asks and for which organization, and opens nothing yet. */
export async function createTenantContext(
  options: TenantContextOptions,
  facts: RequestFacts,
): Promise<TenantContext> {
  const actor = requireActor(facts.actor)
  const tenant = await resolveTenant(options.directory, actor, facts.organizationHeaders, options.gate)
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

/** Whose limits hold for an actor in an organization. */
export function partyOf(
  { tenant, organizationId, plan, limits, requestsPerMonth }: Tenant,
  actor: Actor,
): LimitedParty {
  const party = { tenant, organizationId, plan, limits, requestsPerMonth }
  if (actor.kind !== 'api_key') return party
  const { apiKeyId: id, requestsPerMinute, requestsPerMonth: ofKey } = actor
  return { ...party, apiKey: { id, requestsPerMinute, requestsPerMonth: ofKey } }
}

/** One operation inside one organization. */
export class TenantContext extends ScopedOperation implements TenantOperation {
  readonly actor: Actor
  #tenant: Tenant
  /** One moment for the whole operation: what it may use at its beginning it may use to its end. */
  #provenAt = Date.now()
  /** Value of the header `idempotency-key`, unchecked. */
  readonly idempotencyKey: string | undefined
  readonly #announce: ((tenant: Tenant) => void) | undefined
  #once: { readonly request: OnceRequest; written: boolean } | undefined

  constructor(
    database: Omit<TenantContextOptions, 'directory'>,
    facts: RequestFacts,
    actor: Actor,
    tenant: Tenant,
  ) {
    const identityId = actor.kind === 'person' ? actor.identityId : undefined
    super(database, tenantScope(tenant.tenant, tenant.organizationId, identityId), facts)
    this.actor = actor
    this.#tenant = tenant
    this.idempotencyKey = facts.idempotencyKey
    this.#announce = database.announce
  }

  /** Resolves one root field; what it writes is written once for all requests that equal this one. */
  async once<Result>(request: OnceRequest, resolve: () => Result): Promise<Awaited<Result>> {
    if (this.#once !== undefined) throw new Error('mutations of one operation run one after the other')
    this.#once = { request, written: false }
    try {
      return await resolve()
    } finally {
      this.#once = undefined
    }
  }

  override async write<Result>(
    work: (session: Session) => Promise<Result>,
    options?: WriteOptions<Result>,
  ): Promise<Result> {
    const once = this.#once
    if (once?.written === true) throw new Error('a mutation writes in one transaction')
    if (once !== undefined) once.written = true
    let hasNews = false
    const result = await super.write(async (session) => {
      const done = await (once === undefined ? work(session) : runOnce(session, once.request, work, options))
      hasNews = hasWrittenEvents(session)
      return done
    })
    if (hasNews) this.#announce?.(this.tenant)
    return result
  }

  get tenant(): Tenant {
    return this.#tenant
  }

  /** The organization stays the same; what the actor is in it, and what it has, may change in a subscription. */
  proven(tenant: Tenant): void {
    this.#tenant = tenant
    this.#provenAt = Date.now()
  }

  get party(): LimitedParty {
    return partyOf(this.tenant, this.actor)
  }

  moduleUse(module: string): ModuleUse {
    return moduleUse(this.#tenant.modules.get(module), this.#provenAt)
  }

  permits(permission: Permission): boolean {
    return rolePermits(this.tenant.role, permission)
  }

  record(session: Session, changes: readonly Change[]): Promise<void> {
    return recordInOrganization(session, this, changes)
  }
}

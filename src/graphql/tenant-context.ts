import { AppError } from '../errors.js'
import { recordInOrganization, type Change } from '../entity/audit-trail.js'
import type { TenantOperation, WriteOptions } from '../entity/operation-context.js'
import { runOnce, type OnceRequest } from '../entity/run-once.js'
import type { Actor } from '../tenancy/actor.js'
import { rolePermits, type Permission } from '../tenancy/role-permissions.js'
import type { Session } from '../tenancy/session.js'
import { tenantScope } from '../tenancy/session-scope.js'
import { resolveTenant, type Tenant } from '../tenancy/tenant-resolver.js'
import type { TenantDirectory } from '../tenancy/tenant-directory.js'
import type { LimitedParty, RequestFacts } from './api.js'
import { ScopedOperation, type OperationDatabase } from './scoped-operation.js'

export interface TenantContextOptions extends OperationDatabase {
  readonly directory: TenantDirectory
}

/** Proves who asks and for which organization, and opens nothing yet. */
export async function createTenantContext(
  options: TenantContextOptions,
  facts: RequestFacts,
): Promise<TenantContext> {
  const { actor } = facts
  if (actor === undefined) {
    throw new AppError(
      'UNAUTHENTICATED',
      'Send a credential: a token in the header authorization ("Bearer …") or an API key in x-api-key.',
    )
  }
  const tenant = await resolveTenant(options.directory, actor, facts.organizationHeaders)
  return new TenantContext(options, facts, actor, tenant)
}

/** One operation inside one organization. */
export class TenantContext extends ScopedOperation implements TenantOperation {
  readonly actor: Actor
  readonly tenant: Tenant
  /** Value of the header `idempotency-key`, unchecked. */
  readonly idempotencyKey: string | undefined
  #once: { readonly request: OnceRequest; written: boolean } | undefined

  constructor(database: OperationDatabase, facts: RequestFacts, actor: Actor, tenant: Tenant) {
    const identityId = actor.kind === 'person' ? actor.identityId : undefined
    super(database, tenantScope(tenant.tenant, tenant.organizationId, identityId), facts)
    this.actor = actor
    this.tenant = tenant
    this.idempotencyKey = facts.idempotencyKey
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

  override write<Result>(
    work: (session: Session) => Promise<Result>,
    options?: WriteOptions<Result>,
  ): Promise<Result> {
    const once = this.#once
    if (once === undefined) return super.write(work)
    if (once.written) throw new Error('a mutation writes in one transaction')
    once.written = true
    return super.write((session) => runOnce(session, once.request, work, options))
  }

  get party(): LimitedParty {
    const { tenant, plan, limits } = this.tenant
    const { actor } = this
    if (actor.kind !== 'api_key') return { tenant, plan, limits }
    const { apiKeyId, requestsPerMinute } = actor
    return { tenant, plan, limits, apiKey: { id: apiKeyId, requestsPerMinute } }
  }

  hasModule(module: string): boolean {
    return this.tenant.modules.has(module)
  }

  permits(permission: Permission): boolean {
    return rolePermits(this.tenant.role, permission)
  }

  record(session: Session, changes: readonly Change[]): Promise<void> {
    return recordInOrganization(session, this, changes)
  }
}

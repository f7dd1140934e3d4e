import type DataLoader from 'dataloader'
import type pg from 'pg'
import { AppError } from '../errors.js'
import type { OperationContext } from '../entity/operation-context.js'
import type { Actor } from '../tenancy/actor.js'
import { inWriteSession, ReadSession, type Session, type SessionOptions } from '../tenancy/session.js'
import { tenantScope, type SessionScope } from '../tenancy/session-scope.js'
import { resolveTenant, type Tenant } from '../tenancy/tenant-resolver.js'
import type { TenantDirectory } from '../tenancy/tenant-directory.js'
import type { ApiContext, RequestFacts } from './api.js'

export interface TenantContextOptions {
  readonly pool: pg.Pool
  readonly directory: TenantDirectory
  readonly session: SessionOptions
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

/** One operation inside one organization: a snapshot for reading, a transaction for each write. */
export class TenantContext implements OperationContext, ApiContext {
  readonly actor: Actor
  readonly tenant: Tenant
  readonly requestId: string
  readonly ipAddress: string | undefined
  readonly userAgent: string | undefined
  readonly loaders = new Map<string, DataLoader<string, unknown>>()
  readonly #options: TenantContextOptions
  readonly #scope: SessionScope
  #reading: ReadSession | undefined
  #ended = false

  constructor(options: TenantContextOptions, facts: RequestFacts, actor: Actor, tenant: Tenant) {
    this.#options = options
    this.actor = actor
    this.tenant = tenant
    this.requestId = facts.requestId
    this.ipAddress = facts.ipAddress
    this.userAgent = facts.userAgent
    const identityId = actor.kind === 'person' ? actor.identityId : undefined
    this.#scope = tenantScope(tenant.tenant, tenant.organizationId, identityId)
  }

  read(): Session {
    // A field that fails may end the operation while its siblings are still being resolved.
    if (this.#ended) throw new Error('the operation has ended')
    this.#reading ??= new ReadSession(this.#options.pool, this.#scope, this.#options.session)
    return this.#reading
  }

  async write<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const result = await inWriteSession(this.#options.pool, this.#scope, this.#options.session, work)
    // Whatever is read from here on has to see what was written.
    await this.#forgetReads()
    return result
  }

  end(): Promise<void> {
    this.#ended = true
    return this.#forgetReads()
  }

  async #forgetReads(): Promise<void> {
    this.loaders.clear()
    const reading = this.#reading
    this.#reading = undefined
    await reading?.close()
  }
}

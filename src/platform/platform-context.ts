import type pg from 'pg'
import { AppError } from '../errors.js'
import type { Change } from '../entity/audit-trail.js'
import type { OperationContext } from '../entity/operation-context.js'
import type { MigrationCatalogue } from '../fleet/migration-files.js'
import type { RequestFacts } from '../graphql/api.js'
import { ScopedOperation, type OperationDatabase } from '../graphql/scoped-operation.js'
import type { PersonActor } from '../tenancy/actor.js'
import type { PlatformActor } from '../tenancy/platform-audit.js'
import { moduleUse, type ModuleUse } from '../tenancy/module-access.js'
import type { Permission } from '../tenancy/role-permissions.js'
import type { Session } from '../tenancy/session.js'
import { platformScope } from '../tenancy/session-scope.js'
import type { TenantDirectory } from '../tenancy/tenant-directory.js'
import type { TenantId } from '../tenancy/tenant-id.js'
import { recordOnPlatform } from './platform-audit-trail.js'
import { isPlatformLevel, levelPermits, type PlatformLevel } from './platform-level.js'

export interface PlatformApiOptions extends OperationDatabase {
  readonly directory: TenantDirectory
  /** The installation's migrations, which new organizations get. */
  readonly migrations: MigrationCatalogue
  /** Makes and removes schemas; there when ADMIN_DATABASE_URL is set. */
  readonly admin?: pg.Pool | undefined
}

/** Proves that a platform admin asks. Everybody else gets the same answer, whatever they ask for. */
export async function createPlatformContext(
  options: PlatformApiOptions,
  facts: RequestFacts,
): Promise<PlatformContext> {
  const { actor } = facts
  if (actor === undefined) {
    throw new AppError(
      'UNAUTHENTICATED',
      'Say who you are: send a token in the header authorization ("Bearer …").',
    )
  }
  // A key, and a token bound to one organization, are good for that organization only.
  if (actor.kind === 'api_key' || actor.boundTo !== undefined) throw refused()
  const level = await options.directory.platformLevel(actor.identityId)
  if (!isPlatformLevel(level)) throw refused()
  return new PlatformContext(options, facts, actor, level)
}

function refused(): AppError {
  return new AppError(
    'FORBIDDEN',
    'The platform API is for platform admins, with a token that is not bound to an organization.',
  )
}

/** One operation of a platform admin on the control plane. */
export class PlatformContext extends ScopedOperation implements OperationContext {
  readonly actor: PersonActor
  readonly level: PlatformLevel
  readonly migrations: MigrationCatalogue
  readonly #options: PlatformApiOptions

  constructor(options: PlatformApiOptions, facts: RequestFacts, actor: PersonActor, level: PlatformLevel) {
    super(options, platformScope, facts)
    this.#options = options
    this.actor = actor
    this.level = level
    this.migrations = options.migrations
  }

  /** The control plane has no optional modules of its own. */
  moduleUse(): ModuleUse {
    return moduleUse(undefined, 0)
  }

  permits(permission: Permission): boolean {
    return levelPermits(this.level, permission)
  }

  record(session: Session, changes: readonly Change[]): Promise<void> {
    return recordOnPlatform(session, this, changes)
  }

  /** The pool that works on schemas. Throws SERVICE_UNAVAILABLE when this gateway was not given one. */
  admin(): pg.Pool {
    const { admin } = this.#options
    if (admin !== undefined) return admin
    throw new AppError(
      'SERVICE_UNAVAILABLE',
      'This gateway cannot work on schemas: it was started without ADMIN_DATABASE_URL.',
      { setting: 'ADMIN_DATABASE_URL' },
    )
  }

  /** Changes a tenant through the admin pool. This gateway's directory knows of it at once, others are notified. */
  async control<Result>(
    tenant: TenantId,
    work: (admin: pg.Pool, by: PlatformActor) => Promise<Result>,
  ): Promise<Result> {
    const admin = this.admin()
    try {
      return await work(admin, { identityId: this.actor.identityId, requestId: this.requestId })
    } finally {
      this.#options.directory.forget(tenant)
      await this.forgetReads()
    }
  }
}

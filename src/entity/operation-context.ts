import type DataLoader from 'dataloader'
import { AppError, type ErrorDetails } from '../errors.js'
import type { Actor } from '../tenancy/actor.js'
import { unlimitedUse, type ModuleUse } from '../tenancy/module-access.js'
import type { Permission } from '../tenancy/role-permissions.js'
import type { Session } from '../tenancy/session.js'
import type { Tenant } from '../tenancy/tenant-resolver.js'
import type { Change } from './audit-trail.js'

/** How a write answers when it is asked for again with the same idempotency key. */
export interface WriteOptions<Result> {
  /** For results with a secret, which are never kept: what a retry is told in their place. */
  readonly withheld?: (result: Result) => ErrorDetails
}

/** What the kernel works with, in whichever API; lives for one operation. */
export interface OperationContext {
  readonly actor: Actor
  readonly requestId: string
  readonly ipAddress: string | undefined
  readonly userAgent: string | undefined
  /** The operation's snapshot, opened by its first statement. */
  read(): Session
  /** One write transaction: committed when `work` ends well, otherwise rolled back. Later reads see its result. */
  write<Result>(work: (session: Session) => Promise<Result>, options?: WriteOptions<Result>): Promise<Result>
  /** Loaders by name, or by their place in the document; forgotten with every write. */
  readonly loaders: Map<string | object, DataLoader<string, unknown>>
  /** What may be done with an optional module. */
  moduleUse(module: string): ModuleUse
  permits(permission: Permission): boolean
  /** Writes changes into this API's audit trail, in the transaction of the changes themselves. */
  record(session: Session, changes: readonly Change[]): Promise<void>
}

/** What a resolver inside one organization works with. */
export interface TenantOperation extends OperationContext {
  readonly tenant: Tenant
}

/** Id of the person who acts, or null for a machine. */
export function personOf({ actor }: OperationContext): string | null {
  return actor.kind === 'person' ? actor.identityId : null
}

/** MODULE_NOT_ENABLED, naming the module, when it may not be used; core always may. */
export function missingModule(context: OperationContext, module: string): AppError | undefined {
  const { allows, endedAt } = useOf(context, module)
  if (allows !== 'nothing') return undefined
  if (endedAt === null) {
    return new AppError('MODULE_NOT_ENABLED', `The organization does not have the module ${module}.`, {
      module,
    })
  }
  const ended = new Date(endedAt).toISOString()
  return new AppError(
    'MODULE_NOT_ENABLED',
    `The organization's access to the module ${module} ended at ${ended}. Its data is kept; ask the platform's operator for access.`,
    { module, endedAt: ended },
  )
}

/** MODULE_NOT_ENABLED, or MODULE_READ_ONLY when a module may be read and not written to. */
export function unwritableModule(context: OperationContext, module: string): AppError | undefined {
  if (useOf(context, module).allows !== 'reading') return missingModule(context, module)
  return new AppError(
    'MODULE_READ_ONLY',
    `The organization may read the module ${module}, not write to it.`,
    {
      module,
    },
  )
}

function useOf(context: OperationContext, module: string): ModuleUse {
  return module === 'core' ? unlimitedUse : context.moduleUse(module)
}

/** Throws MODULE_NOT_ENABLED. */
export function requireModule(context: OperationContext, module: string): void {
  const missing = missingModule(context, module)
  if (missing !== undefined) throw missing
}

export function permits(context: OperationContext, permission: Permission): boolean {
  return context.permits(permission)
}

/** FORBIDDEN, naming what is missing. */
export function forbidden(permission: Permission): AppError {
  return new AppError('FORBIDDEN', `You are not allowed to do this: it needs the permission ${permission}.`, {
    permission,
  })
}

import type DataLoader from 'dataloader'
import { AppError } from '../errors.js'
import type { Actor } from '../tenancy/actor.js'
import { rolePermits, type Permission } from '../tenancy/role-permissions.js'
import type { Session } from '../tenancy/session.js'
import type { Tenant } from '../tenancy/tenant-resolver.js'

/** What a resolver inside one organization works with; lives for one operation. */
export interface OperationContext {
  readonly actor: Actor
  readonly tenant: Tenant
  readonly requestId: string
  readonly ipAddress: string | undefined
  readonly userAgent: string | undefined
  /** The operation's snapshot, opened by its first statement. */
  read(): Session
  /** One write transaction: committed when `work` ends well, otherwise rolled back. Later reads see its result. */
  write<Result>(work: (session: Session) => Promise<Result>): Promise<Result>
  /** Loaders by name; forgotten with every write. */
  readonly loaders: Map<string, DataLoader<string, unknown>>
}

/** Id of the person who acts, or null for a machine. */
export function personOf({ actor }: OperationContext): string | null {
  return actor.kind === 'person' ? actor.identityId : null
}

/** Whether the organization has a module; core is always there. */
export function hasModule(context: OperationContext, module: string): boolean {
  return module === 'core' || context.tenant.modules.has(module)
}

/** Throws MODULE_NOT_ENABLED, naming the module. */
export function requireModule(context: OperationContext, module: string): void {
  if (hasModule(context, module)) return
  throw new AppError(
    'MODULE_NOT_ENABLED',
    `The organization ${context.tenant.tenant} does not have the module ${module}.`,
    { module },
  )
}

export function permits(context: OperationContext, permission: Permission): boolean {
  return rolePermits(context.tenant.role, permission)
}

/** Throws FORBIDDEN, naming what is missing. */
export function requirePermission(context: OperationContext, permission: Permission): void {
  if (permits(context, permission)) return
  throw forbidden(permission)
}

export function forbidden(permission: Permission): AppError {
  return new AppError('FORBIDDEN', `You are not allowed to do this: it needs the permission ${permission}.`, {
    permission,
  })
}

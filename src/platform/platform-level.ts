import type { Permission } from '../tenancy/role-permissions.js'

/** Levels of `public.platform_admins`, the mightiest first. */
export const platformLevels = ['super_admin', 'operator', 'support', 'auditor'] as const
export type PlatformLevel = (typeof platformLevels)[number]

/** As inside an organization, `tool.read` covers the whole catalogue. */
const READ: readonly Permission[] = ['organization.read', 'fleet.read', 'tool.read']

const WRITE: readonly Permission[] = [
  'organization.create',
  'organization.update',
  'organization.suspend',
  'organization.delete',
  'tool.create',
  'tool.update',
  'provider.create',
  'provider.update',
  'model.create',
  'model.update',
  'model_price.create',
  'exchange_rate.set',
]

const reader: ReadonlySet<Permission> = new Set(READ)
const writer: ReadonlySet<Permission> = new Set([...READ, ...WRITE])

const PERMISSIONS: Record<PlatformLevel, ReadonlySet<Permission>> = {
  super_admin: writer,
  operator: writer,
  support: reader,
  auditor: reader,
}

export function isPlatformLevel(value: string | undefined): value is PlatformLevel {
  return (platformLevels as readonly (string | undefined)[]).includes(value)
}

/** What a platform admin may do on the control plane; rights inside an organization are none of it. */
export function levelPermits(level: PlatformLevel, permission: Permission): boolean {
  return PERMISSIONS[level].has(permission)
}

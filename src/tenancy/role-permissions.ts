import type { AccessRole } from './actor.js'

/** One action on one resource type: `team.update`. */
export type Permission = `${string}.${string}`

/** Everybody keeps queries of their own; who finds them is theirs to say. */
const SAVED_QUERIES: readonly Permission[] = [
  'saved_query.create',
  'saved_query.update',
  'saved_query.delete',
]

const VIEWER: readonly Permission[] = [
  ...SAVED_QUERIES,
  'user.read',
  'organization.read',
  'team.read',
  'tool.read',
  'usage.read',
  'analytics.read',
]

const MEMBER: readonly Permission[] = [
  ...SAVED_QUERIES,
  'organization.read',
  'team.read',
  'tool.read',
  'usage.create',
  'api.access',
]

const ADMIN: readonly Permission[] = [
  ...VIEWER,
  ...MEMBER,
  'organization.update',
  'organization.manage_members',
  'user.create',
  'user.update',
  'user.delete',
  'team.create',
  'team.update',
  'team.delete',
  'team.manage_members',
  'tool.create',
  'tool.update',
  'tool.delete',
  'api_key.create',
  'api_key.read',
  'api_key.update',
  'api_key.delete',
  'usage.export',
  'usage.anonymize',
  'audit.read',
  'audit.export',
]

const OWNER: readonly Permission[] = [
  ...ADMIN,
  'organization.delete',
  'organization.delete_data',
  'system.manage',
]

/** A key that only reports usage; it reads the catalogue so that it can name tools and models. */
const API_USER: readonly Permission[] = ['usage.create', 'tool.read', 'api.access']

/** What each role may do in an organization: the template rows of the data model, section 6.2. */
const PERMISSIONS: Record<AccessRole, ReadonlySet<Permission>> = {
  owner: new Set(OWNER),
  admin: new Set(ADMIN),
  member: new Set(MEMBER),
  viewer: new Set(VIEWER),
  api_user: new Set(API_USER),
}

export function rolePermits(role: AccessRole, permission: Permission): boolean {
  return PERMISSIONS[role].has(permission)
}

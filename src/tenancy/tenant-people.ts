import type { Queryable } from '../database/advisory-lock.js'
import { AppError } from '../errors.js'
import { schemaOf, type TenantId } from './tenant-id.js'
import { announce } from './tenant-record.js'

/** Roles a membership may have. */
export const membershipRoles = ['owner', 'admin', 'member', 'viewer'] as const
export type MembershipRole = (typeof membershipRoles)[number]

export interface Person {
  /** As entered; identities are told apart by its lower case. */
  readonly email: string
  readonly name?: string | undefined
  readonly role: MembershipRole
}

/** The tenant people belong to. */
export interface Home {
  readonly tenant: TenantId
  readonly organizationId: string
}

const ACCESS_LEVEL: Readonly<Record<MembershipRole, string>> = {
  owner: 'admin',
  admin: 'admin',
  member: 'read_write',
  viewer: 'read_only',
}

/**
 * Makes sure that a person exists in a tenant: the identity shared by all tenants, the membership, the directory row
 * with its profile, and the role. What is there stays as it is, so that running it again changes nothing. Runs in
 * the caller's transaction under the owner's role.
 */
export async function ensureMember(
  db: Queryable,
  home: Home,
  person: Person,
): Promise<{ readonly identityId: string; readonly added: boolean }> {
  const identityId = await ensureIdentity(db, home, person)
  const { rowCount } = await db.query(
    `/* people.membership */
     insert into public.memberships (organization_id, identity_id, role, access_level) values ($1, $2, $3, $4)
     on conflict (identity_id, organization_id) do nothing`,
    [home.organizationId, identityId, person.role, ACCESS_LEVEL[person.role]],
  )
  await ensureUser(db, home, person, identityId)
  if (rowCount === 1) {
    await giveRole(db, home, identityId)
    await announce(db, home.tenant)
  }
  return { identityId, added: rowCount === 1 }
}

/** Ids are made from names, so that demo data is the same on every machine; a deleted account keeps its own. */
async function ensureIdentity(db: Queryable, { tenant }: Home, { email }: Person): Promise<string> {
  const find = `select id from public.identities where lower(email) = lower($1) and deleted_at is null`
  const found = await db.query<{ id: string }>(`/* people.identity */ ${find}`, [email])
  if (found.rows[0] !== undefined) return found.rows[0].id
  await db.query(
    `/* people.identity_insert */
     insert into public.identities (id, email)
     select case when exists (select from public.identities where id = named.id) then public.uuid_v7() else named.id end, $1
     from (select public.uuid_of_name($2) as id) as named
     on conflict do nothing`,
    [email, `orgscope:identity:${tenant}:${email.toLowerCase()}`],
  )
  const made = await db.query<{ id: string }>(`/* people.identity */ ${find}`, [email])
  return made.rows[0]!.id
}

async function ensureUser(
  db: Queryable,
  { tenant }: Home,
  { email, name }: Person,
  id: string,
): Promise<void> {
  const schema = schemaOf(tenant)
  const words = (name ?? '').split(/\s+/).filter((word) => word !== '')
  // Only a name of two words says which is which.
  const [first, last] = words.length === 2 ? words : [null, null]
  await db.query(
    `/* people.user */
     insert into ${schema}.users (id, email, full_name, first_name, last_name, display_name, provisioned_by)
     values ($1, $2, $3, $4, $5, $3, 'seed') on conflict do nothing`,
    [id, email, name ?? null, first, last],
  )
  const { rows } = await db.query(`/* people.user_exists */ select from ${schema}.users where id = $1`, [id])
  if (rows.length === 0) {
    throw new AppError('CONFLICT', `Tenant ${tenant} has another user with the e-mail address ${email}.`, {
      tenant,
    })
  }
  await db.query(
    `/* people.profile */ insert into ${schema}.user_profiles (user_id) values ($1) on conflict do nothing`,
    [id],
  )
}

/** The role of the same name as the membership's: one fact in two places, kept equal. */
async function giveRole(db: Queryable, { tenant, organizationId }: Home, userId: string): Promise<void> {
  const schema = schemaOf(tenant)
  const named = `from public.memberships m join ${schema}.roles r on r.name = m.role and r.scope_resource_id is null
     where m.organization_id = $1 and m.identity_id = $2`
  await db.query(
    `/* people.role */
     insert into ${schema}.user_roles (user_id, role_id, source)
     select m.identity_id, r.id, 'seed' ${named} and not exists (
       select from ${schema}.user_roles held
       where held.user_id = m.identity_id and held.role_id = r.id and held.resource_scope is null and held.is_active)`,
    [organizationId, userId],
  )
  await db.query(
    `/* people.primary_role */
     update ${schema}.users set primary_role_id = (select r.id ${named}) where id = $2 and primary_role_id is null`,
    [organizationId, userId],
  )
}

import { sql } from 'kysely'
import { encodeId } from '../entity/global-id.js'
import { AppError } from '../errors.js'
import { statements } from '../tenancy/session.js'
import type { AccountContext } from './account-context.js'
import { Account, type MyMembership, type MyOrganization } from './account.types.js'

type MembershipRow = Omit<MyMembership, 'organization'> & MyOrganization

/** The account of the person who asks. Throws UNAUTHENTICATED when a good token outlived its account. */
export async function readAccount(context: AccountContext): Promise<Account> {
  const { identityId } = context.actor
  const query = sql<Account>`/* account.me */
    select id, email, email_verified_at is not null as "emailVerified", username, mfa_enabled as "mfaEnabled",
      last_login_at as "lastLoginAt", password_changed_at as "passwordChangedAt", created_at as "createdAt"
    from public.identities where id = ${identityId} and is_active and deleted_at is null`
  const [account] = await context.read().run(query.compile(statements))
  if (account === undefined) {
    throw new AppError('UNAUTHENTICATED', 'The token is valid, but its account is closed or not known here.')
  }
  return { ...account, id: encodeId(Account.name, [account.id]) }
}

/** Memberships that give access to an organization which is served, or will be again. */
export async function readMyOrganizations(context: AccountContext): Promise<MyMembership[]> {
  const { identityId, boundTo } = context.actor
  // An organization whose deletion failed half-way is `failed`; only its status tells that it is not coming back.
  const query = sql<MembershipRow>`/* account.organizations */
    select o.org_key as key, o.name, o.plan, m.role, m.status, t.state, m.joined_at as "joinedAt",
      m.expires_at as "expiresAt"
    from public.memberships m
    join public.organizations o on o.id = m.organization_id
    join public.tenant_schemas t on t.organization_id = o.id
    where m.identity_id = ${identityId} and m.status = 'active'
      and (m.expires_at is null or m.expires_at > now())
      and o.status <> 'deleted' and t.state not in ('archived', 'deprovisioning', 'deleted')
      and o.org_key = coalesce(${boundTo ?? null}, o.org_key)
    order by lower(o.name), o.org_key`
  const [, rows] = await Promise.all([readAccount(context), context.read().run(query.compile(statements))])
  return rows.map(({ key, name, plan, ...membership }) => ({
    organization: { key, name, plan },
    ...membership,
  }))
}

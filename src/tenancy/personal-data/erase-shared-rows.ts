import type { Queryable } from '../../database/advisory-lock.js'
import type { Person } from './find-person.js'

/** What an organization's rows of schema `public` say of one person: `$1` organization, `$2` identity, `$3` address. */
const ORGANIZATION_ROWS = [
  `delete from public.sessions where organization_id = $1 and identity_id = $2 and $3::text is not null`,
  `delete from public.sso_tickets where organization_id = $1 and (identity_id = $2 or lower(email) = $3)`,
  `delete from public.sso_accounts a using public.sso_providers p
   where p.id = a.provider_id and p.organization_id = $1 and a.identity_id = $2 and $3::text is not null`,
  `delete from public.invitations where organization_id = $1 and (accepted_by = $2 or lower(email) = $3)`,
  `update public.invitations set invited_by = null where organization_id = $1 and invited_by = $2 and $3::text is not null`,
  `delete from public.memberships where organization_id = $1 and identity_id = $2 and $3::text is not null`,
  `update public.memberships set invited_by = nullif(invited_by, $2), granted_by = nullif(granted_by, $2)
   where organization_id = $1 and $2 in (invited_by, granted_by) and $3::text is not null`,
  `update public.api_keys set created_by = nullif(created_by, $2), revoked_by = nullif(revoked_by, $2)
   where organization_id = $1 and $2 in (created_by, revoked_by) and $3::text is not null`,
  `update public.scim_tokens set created_by = nullif(created_by, $2), revoked_by = nullif(revoked_by, $2)
   where organization_id = $1 and $2 in (created_by, revoked_by) and $3::text is not null`,
  `update public.module_access set granted_by = null
   where organization_id = $1 and granted_by = $2 and $3::text is not null`,
  `update public.organizations set
     primary_contact_name = case when lower(primary_contact_email) = $3 then null else primary_contact_name end,
     primary_contact_phone = case when lower(primary_contact_email) = $3 then null else primary_contact_phone end,
     primary_contact_email = case when lower(primary_contact_email) = $3 then null else primary_contact_email end,
     admin_email = case when lower(admin_email) = $3 then null else admin_email end,
     contact_email = case when lower(contact_email) = $3 then null else contact_email end,
     billing_contact_email = case when lower(billing_contact_email) = $3 then null else billing_contact_email end,
     created_by = nullif(created_by, $2)
   where id = $1`,
]

/**
 * Erases a person from the shared rows of one organization; from all of them, account included, when no other
 * organization has them and they are nobody of the operator's.
 */
export async function eraseSharedRows(
  db: Queryable,
  organizationId: string,
  person: Person,
): Promise<'erased' | 'kept'> {
  for (const change of ORGANIZATION_ROWS) {
    await db.query(`/* people.erase_shared */ ${change}`, [
      organizationId,
      person.id,
      person.email.toLowerCase(),
    ])
  }
  const { rowCount } = await db.query(
    `/* people.erase_account */ delete from public.identities i where i.id = $1
       and not exists (select from public.memberships m where m.identity_id = i.id)
       and not exists (select from public.platform_admins a where a.identity_id = i.id)`,
    [person.id],
  )
  return rowCount === 1 ? 'erased' : 'kept'
}

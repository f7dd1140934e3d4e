/**
 * What schema `public` knows of a person in one organization: `$1` the person's id, `$2` the address in lower case,
 * `$3` the organization. Never a secret, and nothing of other organizations.
 */
export const sharedRowsAbout: Readonly<Record<string, string>> = {
  'public.identities': `
    select jsonb_build_object('id', t.id, 'email', t.email, 'username', t.username, 'kind', t.kind,
      'phoneNumber', t.phone_number, 'lastLoginAt', t.last_login_at, 'lastLoginIp', t.last_login_ip,
      'createdAt', t.created_at) as row
    from public.identities t where t.id::text = $1 and $2::text is not null and $3::text is not null`,
  'public.memberships': `
    select to_jsonb(t) - array['invited_by', 'granted_by'] as row from public.memberships t
    where t.identity_id::text = $1 and t.organization_id::text = $3 and $2::text is not null`,
  'public.invitations': `
    select to_jsonb(t) - array['token_hash', 'invited_by'] as row from public.invitations t
    where t.organization_id::text = $3 and (t.accepted_by::text = $1 or lower(t.email) = $2)`,
  'public.sso_accounts': `
    select jsonb_build_object('issuer', p.issuer, 'subject', t.external_subject, 'username', t.external_username,
      'email', t.external_email, 'linkedAt', t.linked_at, 'lastUsedAt', t.last_used_at) as row
    from public.sso_accounts t join public.sso_providers p on p.id = t.provider_id
    where t.identity_id::text = $1 and p.organization_id::text = $3 and $2::text is not null`,
  'public.sessions': `
    select to_jsonb(t) - array['token_hash'] as row from public.sessions t
    where t.identity_id::text = $1 and t.organization_id::text = $3 and $2::text is not null`,
}

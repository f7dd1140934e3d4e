-- Credentials are looked up before the organization or the identity is known, when row-level security shows
-- nothing yet. These two functions run as the owner of the tables and answer for one exact credential only.
create function public.find_api_key(p_key_hash text)
  returns table (
    api_key_id uuid,
    organization_id uuid,
    org_key text,
    name text,
    role_name text,
    permissions jsonb,
    status text,
    expires_at timestamptz,
    revoked_at timestamptz,
    overlap_until timestamptz,
    allowed_ips inet[],
    rate_limit integer,
    monthly_quota bigint
  )
  language sql stable strict security definer rows 1
  set search_path = pg_catalog, pg_temp
begin atomic
  select
    k.id, k.organization_id, o.org_key, k.name, k.role_name, k.permissions, k.status, k.expires_at,
    k.revoked_at, k.overlap_until, k.allowed_ips, k.rate_limit, k.monthly_quota
  from public.api_keys k
  join public.organizations o on o.id = k.organization_id
  where k.key_hash = p_key_hash;
end;

-- Several organizations may configure the same issuer. A subject that is linked to more than one identity
-- proves none of them: the answer is null, as for an unknown one.
create function public.find_identity_by_subject(p_issuer text, p_subject text) returns uuid
  language sql stable strict security definer
  set search_path = pg_catalog, pg_temp
begin atomic
  select (array_agg(distinct a.identity_id))[1]
  from public.sso_accounts a
  join public.sso_providers p on p.id = a.provider_id
  join public.identities i on i.id = a.identity_id
  where p.issuer = p_issuer and p.is_active
    and a.external_subject = p_subject
    and i.is_active and i.deleted_at is null
  having count(distinct a.identity_id) = 1;
end;

revoke execute on function public.find_api_key(text), public.find_identity_by_subject(text, text) from public;
grant execute on function public.find_api_key(text), public.find_identity_by_subject(text, text)
  to orgscope_account;

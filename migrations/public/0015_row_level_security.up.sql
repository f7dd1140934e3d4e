-- Rows of public that belong to an organization or an identity. Forced, so that a role must be named by a
-- policy to see any. The settings are transaction-local; a missing or empty one matches no row. Foreign keys
-- are checked past these policies.

alter table public.organizations enable row level security;
alter table public.organizations force row level security;
create policy organizations_control_plane on public.organizations
  to orgscope_owner, orgscope_platform
  using (true) with check (true);
create policy organizations_own_organization on public.organizations
  for select to orgscope_tenant
  using (id = nullif(current_setting('orgscope.organization_id', true), '')::uuid);
create policy organizations_own_membership on public.organizations
  for select to orgscope_account
  using (exists (
    select from public.memberships
    where memberships.organization_id = organizations.id
      and memberships.identity_id = nullif(current_setting('orgscope.identity_id', true), '')::uuid
  ));

alter table public.organization_domains enable row level security;
alter table public.organization_domains force row level security;
create policy organization_domains_control_plane on public.organization_domains
  to orgscope_owner, orgscope_platform
  using (true) with check (true);
create policy organization_domains_own_organization on public.organization_domains
  for select to orgscope_tenant
  using (organization_id = nullif(current_setting('orgscope.organization_id', true), '')::uuid);

alter table public.identities enable row level security;
alter table public.identities force row level security;
create policy identities_control_plane on public.identities
  to orgscope_owner, orgscope_platform
  using (true) with check (true);
create policy identities_own_identity on public.identities
  for select to orgscope_account
  using (id = nullif(current_setting('orgscope.identity_id', true), '')::uuid);

alter table public.identity_tokens enable row level security;
alter table public.identity_tokens force row level security;
create policy identity_tokens_control_plane on public.identity_tokens
  to orgscope_owner, orgscope_platform
  using (true) with check (true);

alter table public.memberships enable row level security;
alter table public.memberships force row level security;
create policy memberships_control_plane on public.memberships
  to orgscope_owner, orgscope_platform
  using (true) with check (true);
create policy memberships_own_organization on public.memberships
  for select to orgscope_tenant
  using (organization_id = nullif(current_setting('orgscope.organization_id', true), '')::uuid);
create policy memberships_own_identity on public.memberships
  for select to orgscope_account
  using (identity_id = nullif(current_setting('orgscope.identity_id', true), '')::uuid);

alter table public.invitations enable row level security;
alter table public.invitations force row level security;
create policy invitations_control_plane on public.invitations
  to orgscope_owner, orgscope_platform
  using (true) with check (true);
create policy invitations_own_organization on public.invitations
  for select to orgscope_tenant
  using (organization_id = nullif(current_setting('orgscope.organization_id', true), '')::uuid);

alter table public.platform_admins enable row level security;
alter table public.platform_admins force row level security;
create policy platform_admins_control_plane on public.platform_admins
  to orgscope_owner, orgscope_platform
  using (true) with check (true);

alter table public.tenant_schemas enable row level security;
alter table public.tenant_schemas force row level security;
create policy tenant_schemas_control_plane on public.tenant_schemas
  to orgscope_owner, orgscope_platform
  using (true) with check (true);
create policy tenant_schemas_own_membership on public.tenant_schemas
  for select to orgscope_account
  using (exists (
    select from public.memberships
    where memberships.organization_id = tenant_schemas.organization_id
      and memberships.identity_id = nullif(current_setting('orgscope.identity_id', true), '')::uuid
  ));

alter table public.module_access enable row level security;
alter table public.module_access force row level security;
create policy module_access_control_plane on public.module_access
  to orgscope_owner, orgscope_platform
  using (true) with check (true);
create policy module_access_own_membership on public.module_access
  for select to orgscope_account
  using (exists (
    select from public.memberships
    where memberships.organization_id = module_access.organization_id
      and memberships.identity_id = nullif(current_setting('orgscope.identity_id', true), '')::uuid
  ));

alter table public.tenant_wakeups enable row level security;
alter table public.tenant_wakeups force row level security;
create policy tenant_wakeups_control_plane on public.tenant_wakeups
  to orgscope_owner, orgscope_platform
  using (true) with check (true);
create policy tenant_wakeups_own_organization on public.tenant_wakeups
  for insert to orgscope_tenant
  with check (organization_id = nullif(current_setting('orgscope.organization_id', true), '')::uuid);

alter table public.sso_providers enable row level security;
alter table public.sso_providers force row level security;
create policy sso_providers_control_plane on public.sso_providers
  to orgscope_owner, orgscope_platform
  using (true) with check (true);

alter table public.sso_accounts enable row level security;
alter table public.sso_accounts force row level security;
create policy sso_accounts_control_plane on public.sso_accounts
  to orgscope_owner, orgscope_platform
  using (true) with check (true);

alter table public.sso_tickets enable row level security;
alter table public.sso_tickets force row level security;
create policy sso_tickets_control_plane on public.sso_tickets
  to orgscope_owner, orgscope_platform
  using (true) with check (true);

alter table public.sessions enable row level security;
alter table public.sessions force row level security;
create policy sessions_control_plane on public.sessions
  to orgscope_owner, orgscope_platform
  using (true) with check (true);
create policy sessions_own_identity on public.sessions
  for select to orgscope_account
  using (identity_id = nullif(current_setting('orgscope.identity_id', true), '')::uuid);

alter table public.api_keys enable row level security;
alter table public.api_keys force row level security;
create policy api_keys_control_plane on public.api_keys
  to orgscope_owner, orgscope_platform
  using (true) with check (true);
create policy api_keys_own_organization on public.api_keys
  for select to orgscope_tenant
  using (organization_id = nullif(current_setting('orgscope.organization_id', true), '')::uuid);
create policy api_keys_own_organization_create on public.api_keys
  for insert to orgscope_tenant
  with check (organization_id = nullif(current_setting('orgscope.organization_id', true), '')::uuid);
create policy api_keys_own_organization_change on public.api_keys
  for update to orgscope_tenant
  using (organization_id = nullif(current_setting('orgscope.organization_id', true), '')::uuid)
  with check (organization_id = nullif(current_setting('orgscope.organization_id', true), '')::uuid);

alter table public.api_key_usage enable row level security;
alter table public.api_key_usage force row level security;
create policy api_key_usage_control_plane on public.api_key_usage
  to orgscope_owner, orgscope_platform
  using (true) with check (true);

alter table public.scim_tokens enable row level security;
alter table public.scim_tokens force row level security;
create policy scim_tokens_control_plane on public.scim_tokens
  to orgscope_owner, orgscope_platform
  using (true) with check (true);

alter table public.provider_credentials enable row level security;
alter table public.provider_credentials force row level security;
create policy provider_credentials_control_plane on public.provider_credentials
  to orgscope_owner, orgscope_platform
  using (true) with check (true);

alter table public.fleet_run_items enable row level security;
alter table public.fleet_run_items force row level security;
create policy fleet_run_items_control_plane on public.fleet_run_items
  to orgscope_owner, orgscope_platform
  using (true) with check (true);

alter table public.platform_audit_logs enable row level security;
alter table public.platform_audit_logs force row level security;
create policy platform_audit_logs_control_plane on public.platform_audit_logs
  to orgscope_owner, orgscope_platform
  using (true) with check (true);

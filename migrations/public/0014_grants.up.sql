-- Who may do what in public. Rows are narrowed further by row-level security in the next step.
--   orgscope_tenant    group of all tenant roles: the catalogues, and rows of its own organization
--   orgscope_account   work of one identity before or without an organization
--   orgscope_platform  the control plane
-- Columns that hold a secret or its hash can be written, never read.
grant select
  on public.modules, public.trials, public.resource_types, public.default_roles, public.default_permissions,
    public.tool_catalog, public.llm_providers, public.llm_models, public.llm_model_pricing,
    public.llm_price_components, public.exchange_rates
  to orgscope_tenant, orgscope_platform;

-- Tenants.
grant select on public.organizations, public.memberships to orgscope_tenant;
grant select (
  id, organization_id, domain, status, verification_method, verified_at, is_primary, auto_join,
  created_at, updated_at
) on public.organization_domains to orgscope_tenant;
grant select (
  id, organization_id, email, role, role_names, team_ids, status, message, invited_by, accepted_by,
  expires_at, responded_at, created_at, updated_at
) on public.invitations to orgscope_tenant;
grant select (
  id, organization_id, name, key_prefix, permissions, role_name, rate_limit, monthly_quota, status,
  allowed_ips, last_used_at, created_by, expires_at, replaces_key_id, rotation_interval_days,
  overlap_until, revoked_at, revoked_by, created_at, updated_at
) on public.api_keys to orgscope_tenant;
grant insert on public.api_keys to orgscope_tenant;
grant update (
  name, permissions, role_name, rate_limit, monthly_quota, status, allowed_ips, expires_at,
  rotation_interval_days, overlap_until, revoked_at, revoked_by, updated_at
) on public.api_keys to orgscope_tenant;
grant insert on public.tenant_wakeups to orgscope_tenant;

-- Accounts.
grant select (
  id, email, username, kind, is_active, is_verified, is_locked, email_verified_at, phone_number,
  phone_verified_at, locked_until, password_changed_at, last_login_at, last_login_ip, login_count,
  mfa_enabled, default_organization_id, metadata, created_at, updated_at, deleted_at
) on public.identities to orgscope_account;
grant select on public.memberships, public.organizations, public.modules, public.trials, public.module_access
  to orgscope_account;
grant select (
  organization_id, schema_name, role_name, placement, connection_ref, modules, schema_versions, state,
  state_changed_at, partitioning_enabled, created_at, updated_at
) on public.tenant_schemas to orgscope_account;
grant select (
  id, identity_id, organization_id, family_id, replaced_by_id, auth_method, mfa_verified_at, ip_address,
  user_agent, last_used_at, expires_at, is_revoked, revoked_at, revoke_reason, created_at
) on public.sessions to orgscope_account;

-- Control plane.
grant insert, update
  on public.modules, public.trials, public.resource_types, public.default_roles, public.default_permissions,
    public.tool_catalog, public.llm_providers, public.llm_models, public.llm_model_pricing,
    public.llm_price_components, public.exchange_rates
  to orgscope_platform;
grant select, insert, update
  on public.organizations, public.tenant_schemas, public.module_access, public.memberships,
    public.platform_admins, public.api_key_usage, public.fleet_runs, public.fleet_run_items,
    public.configuration_settings
  to orgscope_platform;
grant select (
  id, organization_id, domain, status, verification_method, verified_at, is_primary, auto_join,
  created_at, updated_at
) on public.organization_domains to orgscope_platform;
grant select (
  id, organization_id, email, role, role_names, team_ids, status, message, invited_by, accepted_by,
  expires_at, responded_at, created_at, updated_at
) on public.invitations to orgscope_platform;
grant select (
  id, organization_id, name, key_prefix, permissions, role_name, rate_limit, monthly_quota, status,
  allowed_ips, last_used_at, created_by, expires_at, replaces_key_id, rotation_interval_days,
  overlap_until, revoked_at, revoked_by, created_at, updated_at
) on public.api_keys to orgscope_platform;
grant select (
  id, organization_id, name, token_prefix, status, last_used_at, expires_at, created_by, revoked_at,
  revoked_by, created_at, updated_at
) on public.scim_tokens to orgscope_platform;
grant select (
  id, organization_id, name, provider_type, client_id, issuer, discovery_url, authorization_url,
  token_url, userinfo_url, jwks_url, saml_metadata_url, saml_certificate, scopes, attribute_mapping,
  config, auto_create_users, auto_assign_roles, enforce_sso, is_default, is_active, metadata, created_at,
  updated_at
) on public.sso_providers to orgscope_platform;
grant select (
  id, identity_id, provider_id, external_subject, external_username, external_email, token_expires_at,
  linked_at, last_used_at
) on public.sso_accounts to orgscope_platform;
grant select (
  id, email, username, kind, is_active, is_verified, is_locked, email_verified_at, phone_number,
  phone_verified_at, failed_login_attempts, last_failed_login, locked_until, password_changed_at,
  last_login_at, last_login_ip, login_count, mfa_enabled, default_organization_id, metadata, created_at,
  updated_at, deleted_at
) on public.identities to orgscope_platform;
grant insert, update
  on public.organization_domains, public.invitations, public.identities, public.api_keys, public.scim_tokens,
    public.sso_providers, public.sso_accounts
  to orgscope_platform;
grant select, insert, update, delete on public.spare_schemas, public.services to orgscope_platform;
grant select, delete on public.tenant_wakeups to orgscope_platform;
grant select on public.schema_migrations to orgscope_platform;
grant select, insert on public.platform_audit_logs to orgscope_platform;

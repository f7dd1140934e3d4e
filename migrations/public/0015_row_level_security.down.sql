drop policy platform_audit_logs_control_plane on public.platform_audit_logs;
alter table public.platform_audit_logs no force row level security;
alter table public.platform_audit_logs disable row level security;

drop policy fleet_run_items_control_plane on public.fleet_run_items;
alter table public.fleet_run_items no force row level security;
alter table public.fleet_run_items disable row level security;

drop policy provider_credentials_control_plane on public.provider_credentials;
alter table public.provider_credentials no force row level security;
alter table public.provider_credentials disable row level security;

drop policy scim_tokens_control_plane on public.scim_tokens;
alter table public.scim_tokens no force row level security;
alter table public.scim_tokens disable row level security;

drop policy api_key_usage_control_plane on public.api_key_usage;
alter table public.api_key_usage no force row level security;
alter table public.api_key_usage disable row level security;

drop policy api_keys_own_organization_change on public.api_keys;
drop policy api_keys_own_organization_create on public.api_keys;
drop policy api_keys_own_organization on public.api_keys;
drop policy api_keys_control_plane on public.api_keys;
alter table public.api_keys no force row level security;
alter table public.api_keys disable row level security;

drop policy sessions_own_identity on public.sessions;
drop policy sessions_control_plane on public.sessions;
alter table public.sessions no force row level security;
alter table public.sessions disable row level security;

drop policy sso_tickets_control_plane on public.sso_tickets;
alter table public.sso_tickets no force row level security;
alter table public.sso_tickets disable row level security;

drop policy sso_accounts_control_plane on public.sso_accounts;
alter table public.sso_accounts no force row level security;
alter table public.sso_accounts disable row level security;

drop policy sso_providers_control_plane on public.sso_providers;
alter table public.sso_providers no force row level security;
alter table public.sso_providers disable row level security;

drop policy tenant_wakeups_own_organization on public.tenant_wakeups;
drop policy tenant_wakeups_control_plane on public.tenant_wakeups;
alter table public.tenant_wakeups no force row level security;
alter table public.tenant_wakeups disable row level security;

drop policy module_access_own_membership on public.module_access;
drop policy module_access_control_plane on public.module_access;
alter table public.module_access no force row level security;
alter table public.module_access disable row level security;

drop policy tenant_schemas_own_membership on public.tenant_schemas;
drop policy tenant_schemas_control_plane on public.tenant_schemas;
alter table public.tenant_schemas no force row level security;
alter table public.tenant_schemas disable row level security;

drop policy platform_admins_control_plane on public.platform_admins;
alter table public.platform_admins no force row level security;
alter table public.platform_admins disable row level security;

drop policy invitations_own_organization on public.invitations;
drop policy invitations_control_plane on public.invitations;
alter table public.invitations no force row level security;
alter table public.invitations disable row level security;

drop policy memberships_own_identity on public.memberships;
drop policy memberships_own_organization on public.memberships;
drop policy memberships_control_plane on public.memberships;
alter table public.memberships no force row level security;
alter table public.memberships disable row level security;

drop policy identity_tokens_control_plane on public.identity_tokens;
alter table public.identity_tokens no force row level security;
alter table public.identity_tokens disable row level security;

drop policy identities_own_identity on public.identities;
drop policy identities_control_plane on public.identities;
alter table public.identities no force row level security;
alter table public.identities disable row level security;

drop policy organization_domains_own_organization on public.organization_domains;
drop policy organization_domains_control_plane on public.organization_domains;
alter table public.organization_domains no force row level security;
alter table public.organization_domains disable row level security;

drop policy organizations_own_membership on public.organizations;
drop policy organizations_own_organization on public.organizations;
drop policy organizations_control_plane on public.organizations;
alter table public.organizations no force row level security;
alter table public.organizations disable row level security;

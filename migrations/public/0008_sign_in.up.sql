-- Identity provider configuration per organization; without one it is offered to community users.
create table public.sso_providers (
  id uuid not null default public.uuid_v7(),
  organization_id uuid,
  name text not null,
  provider_type text not null,
  client_id text,
  client_secret text,
  issuer text,
  discovery_url text,
  authorization_url text,
  token_url text,
  userinfo_url text,
  jwks_url text,
  saml_metadata_url text,
  saml_certificate text,
  scopes text[] not null default '{}',
  attribute_mapping jsonb not null default '{}',
  config jsonb not null default '{}',
  auto_create_users boolean not null default false,
  auto_assign_roles text[] not null default '{}',
  enforce_sso boolean not null default false,
  is_default boolean not null default false,
  is_active boolean not null default true,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint sso_providers_pkey primary key (id),
  constraint sso_providers_organization_id_name_key unique nulls not distinct (organization_id, name),
  constraint sso_providers_provider_type_check check (provider_type in ('oauth2', 'oidc', 'saml')),
  constraint sso_providers_attribute_mapping_check check (jsonb_typeof(attribute_mapping) = 'object'),
  constraint sso_providers_config_check check (jsonb_typeof(config) = 'object'),
  constraint sso_providers_metadata_check check (jsonb_typeof(metadata) = 'object'),
  constraint sso_providers_organization_id_fkey foreign key (organization_id)
    references public.organizations (id) on delete cascade
);
create unique index sso_providers_default_key on public.sso_providers (organization_id) where is_default;
create index sso_providers_provider_type_idx on public.sso_providers (provider_type);
create index sso_providers_is_active_idx on public.sso_providers (is_active);
create index sso_providers_issuer_idx on public.sso_providers (issuer) where issuer is not null;

-- Link between an identity and an external account, by provider and subject.
create table public.sso_accounts (
  id uuid not null default public.uuid_v7(),
  identity_id uuid not null,
  provider_id uuid not null,
  external_subject text not null,
  external_username text,
  external_email text,
  access_token text,
  refresh_token text,
  token_expires_at timestamptz,
  linked_at timestamptz not null default now(),
  last_used_at timestamptz,
  external_data jsonb not null default '{}',
  constraint sso_accounts_pkey primary key (id),
  constraint sso_accounts_provider_id_external_subject_key unique (provider_id, external_subject),
  constraint sso_accounts_external_data_check check (jsonb_typeof(external_data) = 'object'),
  constraint sso_accounts_identity_id_fkey foreign key (identity_id)
    references public.identities (id) on delete cascade,
  constraint sso_accounts_provider_id_fkey foreign key (provider_id)
    references public.sso_providers (id) on delete cascade
);
create index sso_accounts_identity_id_idx on public.sso_accounts (identity_id);

-- Short-lived tickets that carry a signed-in person into another application.
create table public.sso_tickets (
  id uuid not null default public.uuid_v7(),
  organization_id uuid not null,
  identity_id uuid,
  email text not null,
  ticket_hash text not null,
  target_url text,
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null default now(),
  constraint sso_tickets_pkey primary key (id),
  constraint sso_tickets_ticket_hash_key unique (ticket_hash),
  constraint sso_tickets_organization_id_fkey foreign key (organization_id)
    references public.organizations (id) on delete cascade,
  constraint sso_tickets_identity_id_fkey foreign key (identity_id)
    references public.identities (id) on delete cascade
);
create index sso_tickets_expires_at_idx on public.sso_tickets (expires_at);
create index sso_tickets_organization_id_idx on public.sso_tickets (organization_id);
create index sso_tickets_identity_id_idx on public.sso_tickets (identity_id) where identity_id is not null;

-- Signed-in sessions with rotating refresh tokens; reuse of a replaced token ends its family.
create table public.sessions (
  id uuid not null default public.uuid_v7(),
  identity_id uuid not null,
  organization_id uuid,
  token_hash text not null,
  family_id uuid not null,
  replaced_by_id uuid,
  auth_method text not null default 'password',
  mfa_verified_at timestamptz,
  ip_address inet,
  user_agent text,
  last_used_at timestamptz,
  expires_at timestamptz not null,
  is_revoked boolean not null default false,
  revoked_at timestamptz,
  revoke_reason text,
  created_at timestamptz not null default now(),
  constraint sessions_pkey primary key (id),
  constraint sessions_token_hash_key unique (token_hash),
  constraint sessions_auth_method_check check (
    auth_method in ('password', 'sso', 'api', 'magic_link', 'ticket')
  ),
  constraint sessions_identity_id_fkey foreign key (identity_id)
    references public.identities (id) on delete cascade,
  constraint sessions_organization_id_fkey foreign key (organization_id)
    references public.organizations (id) on delete cascade,
  constraint sessions_replaced_by_id_fkey foreign key (replaced_by_id)
    references public.sessions (id) on delete set null
);
create index sessions_identity_id_idx on public.sessions (identity_id);
create index sessions_family_id_idx on public.sessions (family_id);
create index sessions_expires_at_idx on public.sessions (expires_at);
create index sessions_organization_id_idx on public.sessions (organization_id)
  where organization_id is not null;
create index sessions_replaced_by_id_idx on public.sessions (replaced_by_id)
  where replaced_by_id is not null;

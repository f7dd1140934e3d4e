-- One row per account that can sign in. last_totp_counter is the last accepted one: a code works once (RFC
-- 6238).
create table public.identities (
  id uuid not null default public.uuid_v7(),
  email text not null,
  username text,
  kind text not null default 'enterprise',
  password_hash text,
  is_active boolean not null default true,
  is_verified boolean not null default false,
  is_locked boolean not null default false,
  email_verified_at timestamptz,
  phone_number text,
  phone_verified_at timestamptz,
  failed_login_attempts integer not null default 0,
  last_failed_login timestamptz,
  locked_until timestamptz,
  password_changed_at timestamptz,
  last_login_at timestamptz,
  last_login_ip inet,
  login_count integer not null default 0,
  mfa_enabled boolean not null default false,
  mfa_secret text,
  last_totp_counter bigint,
  backup_codes text[],
  default_organization_id uuid,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  constraint identities_pkey primary key (id),
  constraint identities_kind_check check (kind in ('enterprise', 'community', 'service', 'system')),
  constraint identities_failed_login_attempts_check check (failed_login_attempts >= 0),
  constraint identities_metadata_check check (jsonb_typeof(metadata) = 'object'),
  constraint identities_default_organization_id_fkey foreign key (default_organization_id)
    references public.organizations (id) on delete set null
);
create unique index identities_email_key on public.identities (lower(email)) where deleted_at is null;
create unique index identities_username_key on public.identities (lower(username))
  where username is not null and deleted_at is null;
create index identities_is_active_idx on public.identities (is_active) where deleted_at is null;
create index identities_created_at_idx on public.identities (created_at);
create index identities_last_login_at_idx on public.identities (last_login_at);
create index identities_default_organization_id_idx on public.identities (default_organization_id)
  where default_organization_id is not null;

-- Single-use tokens: e-mail and phone verification, password reset, second factor.
create table public.identity_tokens (
  id uuid not null default public.uuid_v7(),
  identity_id uuid not null,
  purpose text not null,
  token_hash text not null,
  payload jsonb not null default '{}',
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null default now(),
  constraint identity_tokens_pkey primary key (id),
  constraint identity_tokens_token_hash_key unique (token_hash),
  constraint identity_tokens_purpose_check check (
    purpose in ('verify_email', 'verify_phone', 'reset_password', 'mfa_challenge', 'magic_link')
  ),
  constraint identity_tokens_payload_check check (jsonb_typeof(payload) = 'object'),
  constraint identity_tokens_identity_id_fkey foreign key (identity_id)
    references public.identities (id) on delete cascade
);
create index identity_tokens_identity_id_purpose_idx on public.identity_tokens (identity_id, purpose);
create index identity_tokens_expires_at_idx on public.identity_tokens (expires_at);

alter table public.organizations add constraint organizations_created_by_fkey
  foreign key (created_by) references public.identities (id) on delete set null;
create index organizations_created_by_idx on public.organizations (created_by) where created_by is not null;

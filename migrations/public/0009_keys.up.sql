-- Keys bound to one organization; looked up before the tenant is known.
create table public.api_keys (
  id uuid not null default public.uuid_v7(),
  organization_id uuid not null,
  name text not null,
  key_prefix text not null,
  key_hash text not null,
  permissions jsonb not null default '{}',
  role_name text,
  rate_limit integer not null default 100,
  monthly_quota bigint not null default 1000000,
  status text not null default 'active',
  allowed_ips inet[] not null default '{}',
  last_used_at timestamptz,
  created_by uuid,
  expires_at timestamptz,
  replaces_key_id uuid,
  rotation_interval_days integer,
  overlap_until timestamptz,
  revoked_at timestamptz,
  revoked_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint api_keys_pkey primary key (id),
  constraint api_keys_key_hash_key unique (key_hash),
  constraint api_keys_permissions_check check (jsonb_typeof(permissions) = 'object'),
  constraint api_keys_rate_limit_check check (rate_limit > 0),
  constraint api_keys_monthly_quota_check check (monthly_quota >= 0),
  constraint api_keys_status_check check (status in ('active', 'suspended', 'revoked', 'expired')),
  constraint api_keys_rotation_interval_days_check check (rotation_interval_days > 0),
  constraint api_keys_organization_id_fkey foreign key (organization_id)
    references public.organizations (id) on delete cascade,
  constraint api_keys_created_by_fkey foreign key (created_by)
    references public.identities (id) on delete set null,
  constraint api_keys_replaces_key_id_fkey foreign key (replaces_key_id)
    references public.api_keys (id) on delete set null,
  constraint api_keys_revoked_by_fkey foreign key (revoked_by)
    references public.identities (id) on delete set null
);
create index api_keys_organization_id_status_idx on public.api_keys (organization_id, status);
create index api_keys_expires_at_idx on public.api_keys (expires_at) where status = 'active';
create index api_keys_created_by_idx on public.api_keys (created_by) where created_by is not null;
create index api_keys_replaces_key_id_idx on public.api_keys (replaces_key_id)
  where replaces_key_id is not null;
create index api_keys_revoked_by_idx on public.api_keys (revoked_by) where revoked_by is not null;

-- Requests and tokens per key and month; flushed in batches.
create table public.api_key_usage (
  api_key_id uuid not null,
  period date not null,
  request_count bigint not null default 0,
  token_count bigint not null default 0,
  updated_at timestamptz not null default now(),
  constraint api_key_usage_pkey primary key (api_key_id, period),
  constraint api_key_usage_api_key_id_fkey foreign key (api_key_id)
    references public.api_keys (id) on delete cascade
);

-- Bearer tokens of directory synchronization, bound to one organization; looked up before the tenant is
-- known.
create table public.scim_tokens (
  id uuid not null default public.uuid_v7(),
  organization_id uuid not null,
  name text not null,
  token_prefix text not null,
  token_hash text not null,
  status text not null default 'active',
  last_used_at timestamptz,
  expires_at timestamptz,
  created_by uuid,
  revoked_at timestamptz,
  revoked_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint scim_tokens_pkey primary key (id),
  constraint scim_tokens_token_hash_key unique (token_hash),
  constraint scim_tokens_status_check check (status in ('active', 'revoked', 'expired')),
  constraint scim_tokens_organization_id_fkey foreign key (organization_id)
    references public.organizations (id) on delete cascade,
  constraint scim_tokens_created_by_fkey foreign key (created_by)
    references public.identities (id) on delete set null,
  constraint scim_tokens_revoked_by_fkey foreign key (revoked_by)
    references public.identities (id) on delete set null
);
create index scim_tokens_organization_id_status_idx on public.scim_tokens (organization_id, status);
create index scim_tokens_created_by_idx on public.scim_tokens (created_by) where created_by is not null;
create index scim_tokens_revoked_by_idx on public.scim_tokens (revoked_by) where revoked_by is not null;

-- A customer organization (tenant). org_key never changes: schema and role are named after it.
create table public.organizations (
  id uuid not null default public.uuid_v7(),
  org_key text not null,
  name text not null,
  slug text not null,
  description text,
  url text,
  domain text,
  logo_url text,
  status text not null default 'pending',
  plan text not null default 'free',
  industry text,
  company_size text,
  headquarters_location text,
  region text,
  zip_code text,
  address text,
  timezone text not null default 'UTC',
  admin_email text,
  contact_email text,
  contact_number text,
  primary_contact_name text,
  primary_contact_email text,
  primary_contact_phone text,
  billing_contact_email text,
  subscription_start_date timestamptz,
  subscription_end_date timestamptz,
  max_users integer,
  max_engagements integer,
  storage_quota_gb integer,
  api_quota_monthly bigint,
  mfa_required boolean not null default false,
  default_currency char(3) not null default 'USD',
  features_enabled jsonb not null default '{}',
  agent_configuration jsonb not null default '{}',
  agent_preferences jsonb not null default '{}',
  business_objectives jsonb not null default '{}',
  branding jsonb not null default '{}',
  settings jsonb not null default '{}',
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  constraint organizations_pkey primary key (id),
  constraint organizations_org_key_key unique (org_key),
  constraint organizations_slug_key unique (slug),
  constraint organizations_status_check check (status in ('pending', 'active', 'suspended', 'deleted')),
  constraint organizations_plan_check check (plan in ('free', 'pro', 'enterprise')),
  constraint organizations_max_users_check check (max_users >= 0),
  constraint organizations_max_engagements_check check (max_engagements >= 0),
  constraint organizations_storage_quota_gb_check check (storage_quota_gb >= 0),
  constraint organizations_api_quota_monthly_check check (api_quota_monthly >= 0),
  constraint organizations_default_currency_check check (default_currency ~ '^[A-Z]{3}$'),
  constraint organizations_features_enabled_check check (jsonb_typeof(features_enabled) = 'object'),
  constraint organizations_agent_configuration_check check (jsonb_typeof(agent_configuration) = 'object'),
  constraint organizations_agent_preferences_check check (jsonb_typeof(agent_preferences) = 'object'),
  constraint organizations_business_objectives_check check (jsonb_typeof(business_objectives) = 'object'),
  constraint organizations_branding_check check (jsonb_typeof(branding) = 'object'),
  constraint organizations_settings_check check (jsonb_typeof(settings) = 'object'),
  constraint organizations_org_key_check check (org_key ~ '^[a-z0-9][a-z0-9_]{0,54}$'),
  constraint organizations_slug_check check (slug ~ '^[a-z0-9][a-z0-9-]{0,99}$'),
  constraint organizations_subscription_dates_check check (
    subscription_end_date is null
      or subscription_start_date is null
      or subscription_end_date >= subscription_start_date
  )
);
create unique index organizations_name_key on public.organizations (lower(name)) where deleted_at is null;
create index organizations_domain_idx on public.organizations (domain) where domain is not null;
create index organizations_status_idx on public.organizations (status);
create index organizations_admin_email_idx on public.organizations (lower(admin_email))
  where admin_email is not null;

-- Domains an organization has proven to own.
create table public.organization_domains (
  id uuid not null default public.uuid_v7(),
  organization_id uuid not null,
  domain text not null,
  status text not null default 'pending',
  verification_method text not null default 'dns_txt',
  verification_token_hash text,
  verified_at timestamptz,
  is_primary boolean not null default false,
  auto_join boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint organization_domains_pkey primary key (id),
  constraint organization_domains_status_check check (
    status in ('pending', 'verified', 'failed', 'revoked')
  ),
  constraint organization_domains_verification_method_check check (
    verification_method in ('dns_txt', 'http_file', 'email', 'manual')
  ),
  constraint organization_domains_organization_id_fkey foreign key (organization_id)
    references public.organizations (id) on delete cascade
);
create unique index organization_domains_verified_key on public.organization_domains (lower(domain))
  where status = 'verified';
create unique index organization_domains_org_domain_key
  on public.organization_domains (organization_id, lower(domain));
create unique index organization_domains_primary_key on public.organization_domains (organization_id)
  where is_primary;

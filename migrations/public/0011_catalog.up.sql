-- AI tools whose use is tracked.
create table public.tool_catalog (
  id uuid not null default public.uuid_v7(),
  name text not null,
  type text not null default 'other',
  vendor text,
  description text,
  website text,
  api_available boolean not null default false,
  integration_method text,
  aliases text[] not null default '{}',
  extra jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint tool_catalog_pkey primary key (id),
  constraint tool_catalog_name_key unique (name),
  constraint tool_catalog_type_check check (
    type in (
      'llm', 'assistant', 'code_assistant', 'image', 'audio', 'video', 'search', 'agent',
      'embedding', 'other'
    )
  ),
  constraint tool_catalog_extra_check check (jsonb_typeof(extra) = 'object')
);
create index tool_catalog_type_idx on public.tool_catalog (type);
create index tool_catalog_vendor_idx on public.tool_catalog (vendor);

create table public.llm_providers (
  id uuid not null default public.uuid_v7(),
  name text not null,
  provider_type text not null,
  api_base_url text,
  api_version text,
  default_model text,
  supported_models jsonb not null default '[]',
  rate_limits jsonb not null default '{}',
  pricing_config jsonb not null default '{}',
  is_active boolean not null default true,
  health_status text not null default 'unknown',
  last_health_check timestamptz,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint llm_providers_pkey primary key (id),
  constraint llm_providers_name_key unique (name),
  constraint llm_providers_provider_type_check check (
    provider_type in ('openai', 'anthropic', 'azure', 'google', 'bedrock', 'mistral', 'local', 'other')
  ),
  constraint llm_providers_supported_models_check check (jsonb_typeof(supported_models) = 'array'),
  constraint llm_providers_rate_limits_check check (jsonb_typeof(rate_limits) = 'object'),
  constraint llm_providers_pricing_config_check check (jsonb_typeof(pricing_config) = 'object'),
  constraint llm_providers_health_status_check check (
    health_status in ('healthy', 'degraded', 'down', 'unknown')
  ),
  constraint llm_providers_metadata_check check (jsonb_typeof(metadata) = 'object')
);
create index llm_providers_is_active_idx on public.llm_providers (is_active);
create index llm_providers_health_status_idx on public.llm_providers (health_status);

-- Provider keys; no tenant role may read them, which is why they are not columns of llm_providers.
create table public.provider_credentials (
  id uuid not null default public.uuid_v7(),
  provider_id uuid not null,
  organization_id uuid,
  api_key_encrypted text not null,
  key_hint text,
  status text not null default 'active',
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint provider_credentials_pkey primary key (id),
  constraint provider_credentials_status_check check (status in ('active', 'revoked')),
  constraint provider_credentials_provider_id_fkey foreign key (provider_id)
    references public.llm_providers (id) on delete cascade,
  constraint provider_credentials_organization_id_fkey foreign key (organization_id)
    references public.organizations (id) on delete cascade,
  constraint provider_credentials_created_by_fkey foreign key (created_by)
    references public.identities (id) on delete set null
);
create unique index provider_credentials_active_key
  on public.provider_credentials (provider_id, organization_id) nulls not distinct
  where status = 'active';
create index provider_credentials_provider_id_idx on public.provider_credentials (provider_id);
create index provider_credentials_organization_id_idx on public.provider_credentials (organization_id)
  where organization_id is not null;
create index provider_credentials_created_by_idx on public.provider_credentials (created_by)
  where created_by is not null;

create table public.llm_models (
  id uuid not null default public.uuid_v7(),
  provider_id uuid not null,
  model_name text not null,
  display_name text,
  description text,
  max_tokens integer,
  supports_functions boolean not null default false,
  supports_vision boolean not null default false,
  supports_streaming boolean not null default true,
  average_latency_ms integer,
  quality_score numeric(3,2),
  is_active boolean not null default true,
  deprecated_at timestamptz,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint llm_models_pkey primary key (id),
  constraint llm_models_provider_id_model_name_key unique (provider_id, model_name),
  constraint llm_models_max_tokens_check check (max_tokens > 0),
  constraint llm_models_quality_score_check check (quality_score between 0 and 5),
  constraint llm_models_metadata_check check (jsonb_typeof(metadata) = 'object'),
  constraint llm_models_provider_id_fkey foreign key (provider_id)
    references public.llm_providers (id) on delete cascade
);
create index llm_models_is_active_idx on public.llm_models (is_active);
create index llm_models_model_name_idx on public.llm_models (model_name);

-- Dated list prices. A first known price has no lower bound in time: effective_from is -infinity.
create table public.llm_model_pricing (
  id uuid not null default public.uuid_v7(),
  provider text not null,
  model_name text not null,
  model_version text,
  model_id uuid,
  currency char(3) not null default 'USD',
  effective_from timestamptz not null,
  effective_to timestamptz,
  is_active boolean not null default true,
  source text,
  notes text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint llm_model_pricing_pkey primary key (id),
  constraint llm_model_pricing_version_key unique nulls not distinct
    (provider, model_name, model_version, effective_from),
  constraint llm_model_pricing_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint llm_model_pricing_effective_check check (
    effective_to is null or effective_to > effective_from
  ),
  constraint llm_model_pricing_model_id_fkey foreign key (model_id)
    references public.llm_models (id) on delete set null
);
create index llm_model_pricing_is_active_effective_from_effective_to_idx
  on public.llm_model_pricing (is_active, effective_from, effective_to);
create index llm_model_pricing_model_id_idx on public.llm_model_pricing (model_id)
  where model_id is not null;

-- Rates of a price, in the price's currency, per unit. Unconstrained numeric: list prices need more than ten
-- decimals. A rate applies from min_context_tokens input tokens on, up to the next higher one of the same
-- component.
create table public.llm_price_components (
  pricing_id uuid not null,
  component text not null,
  unit text not null default 'per_1m_tokens',
  amount numeric not null,
  min_context_tokens bigint not null default 0,
  constraint llm_price_components_pkey primary key (pricing_id, component, min_context_tokens),
  constraint llm_price_components_component_check check (
    component in (
      'input', 'cached_input', 'cache_write', 'output', 'reasoning', 'audio_input', 'audio_output',
      'image', 'request'
    )
  ),
  constraint llm_price_components_unit_check check (unit in ('per_1m_tokens', 'per_image', 'per_request')),
  constraint llm_price_components_amount_check check (amount >= 0 and amount < 'infinity'),
  constraint llm_price_components_min_context_tokens_check check (min_context_tokens >= 0),
  constraint llm_price_components_pricing_id_fkey foreign key (pricing_id)
    references public.llm_model_pricing (id) on delete cascade
);

-- Daily rates to bring spend into the currency of a budget.
create table public.exchange_rates (
  id uuid not null default public.uuid_v7(),
  base_currency char(3) not null default 'USD',
  quote_currency char(3) not null default 'USD',
  rate numeric not null,
  valid_on date not null,
  source text,
  created_at timestamptz not null default now(),
  constraint exchange_rates_pkey primary key (id),
  constraint exchange_rates_base_currency_quote_currency_valid_on_key unique
    (base_currency, quote_currency, valid_on),
  constraint exchange_rates_base_currency_check check (base_currency ~ '^[A-Z]{3}$'),
  constraint exchange_rates_quote_currency_check check (quote_currency ~ '^[A-Z]{3}$'),
  constraint exchange_rates_rate_check check (rate > 0 and rate < 'infinity')
);

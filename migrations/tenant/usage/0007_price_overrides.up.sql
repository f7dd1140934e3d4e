-- Negotiated prices; one in force wins over the list price.
create table price_overrides (
  id uuid not null default public.uuid_v7(),
  provider text not null,
  model_name text not null,
  model_version text,
  currency char(3) not null default 'USD',
  effective_from timestamptz not null,
  effective_to timestamptz,
  reason text,
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint price_overrides_pkey primary key (id),
  constraint price_overrides_version_key unique nulls not distinct
    (provider, model_name, model_version, effective_from),
  constraint price_overrides_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint price_overrides_effective_check check (effective_to is null or effective_to > effective_from),
  constraint price_overrides_created_by_fkey foreign key (created_by)
    references users (id) on delete set null
);
create index price_overrides_created_by_idx on price_overrides (created_by) where created_by is not null;

-- Rates of a negotiated price; read as public.llm_price_components.
create table price_override_components (
  override_id uuid not null,
  component text not null,
  unit text not null default 'per_1m_tokens',
  amount numeric not null,
  min_context_tokens bigint not null default 0,
  constraint price_override_components_pkey primary key (override_id, component, min_context_tokens),
  constraint price_override_components_component_check check (
    component in (
      'input', 'cached_input', 'cache_write', 'output', 'reasoning', 'audio_input', 'audio_output',
      'image', 'request'
    )
  ),
  constraint price_override_components_unit_check check (
    unit in ('per_1m_tokens', 'per_image', 'per_request')
  ),
  constraint price_override_components_amount_check check (amount >= 0 and amount < 'infinity'),
  constraint price_override_components_min_context_tokens_check check (min_context_tokens >= 0),
  constraint price_override_components_override_id_fkey foreign key (override_id)
    references price_overrides (id) on delete cascade
);

grant select, insert, update, delete on price_overrides, price_override_components to :tenant_role;

-- Totals without people. No foreign keys in either rollup: removing a person or team must not change cost.
-- Maintained in the ingesting transaction; the free space lets updates stay on their page.
create table usage_rollups_hourly (
  id uuid not null default public.uuid_v7(),
  period_start timestamptz not null,
  team_id uuid,
  tool_id uuid,
  provider text,
  model_name text,
  action_type text not null,
  source text not null,
  currency char(3) not null default 'USD',
  total_requests bigint not null default 0,
  successful_requests bigint not null default 0,
  failed_requests bigint not null default 0,
  unpriced_requests bigint not null default 0,
  total_input_tokens bigint not null default 0,
  total_output_tokens bigint not null default 0,
  total_cached_input_tokens bigint not null default 0,
  total_tokens bigint not null default 0,
  total_cost numeric not null default 0,
  total_response_time_ms bigint not null default 0,
  timed_requests bigint not null default 0,
  min_response_time_ms integer,
  max_response_time_ms integer,
  last_event_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint usage_rollups_hourly_pkey primary key (id),
  constraint usage_rollups_hourly_dimensions_key unique nulls not distinct
    (period_start, tool_id, team_id, provider, model_name, action_type, source, currency),
  constraint usage_rollups_hourly_period_start_check check (
    date_trunc('hour', period_start at time zone 'UTC') = period_start at time zone 'UTC'
  ),
  constraint usage_rollups_hourly_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint usage_rollups_hourly_total_cost_check check (
    total_cost > '-infinity' and total_cost < 'infinity'
  )
) with (fillfactor = 80);

-- Totals by person; days are UTC.
create table usage_rollups_daily (
  id uuid not null default public.uuid_v7(),
  period_start date not null,
  user_id uuid,
  tool_id uuid,
  provider text,
  model_name text,
  currency char(3) not null default 'USD',
  total_requests bigint not null default 0,
  successful_requests bigint not null default 0,
  failed_requests bigint not null default 0,
  unpriced_requests bigint not null default 0,
  total_input_tokens bigint not null default 0,
  total_output_tokens bigint not null default 0,
  total_cached_input_tokens bigint not null default 0,
  total_tokens bigint not null default 0,
  total_cost numeric not null default 0,
  total_response_time_ms bigint not null default 0,
  timed_requests bigint not null default 0,
  min_response_time_ms integer,
  max_response_time_ms integer,
  last_event_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint usage_rollups_daily_pkey primary key (id),
  constraint usage_rollups_daily_dimensions_key unique nulls not distinct
    (period_start, user_id, tool_id, provider, model_name, currency),
  constraint usage_rollups_daily_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint usage_rollups_daily_total_cost_check check (
    total_cost > '-infinity' and total_cost < 'infinity'
  )
) with (fillfactor = 80);
create index usage_rollups_daily_user_id_period_start_idx on usage_rollups_daily (user_id, period_start);

grant select, insert, update, delete on usage_rollups_hourly, usage_rollups_daily to :tenant_role;

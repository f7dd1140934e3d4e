-- One metered use of a tool or model. Append-only, apart from anonymization and re-pricing. Few indexes on
-- purpose: each costs ingestion. reported_cost is what the sender says; it never replaces total_cost, which is
-- null while no price is known: unpriced is not free.
create table usage_events (
  id uuid not null default public.uuid_v7(),
  occurred_at timestamptz not null default now(),
  recorded_at timestamptz not null default now(),
  user_id uuid,
  username text,
  pseudonym text,
  team_id uuid,
  department text,
  tool_id uuid,
  tool_name text,
  model_id uuid,
  provider text,
  model_name text,
  model_version text,
  service text not null default 'other',
  action_type text not null default 'api_call',
  operation_type text,
  source text not null default 'api',
  session_id text,
  conversation_id uuid,
  engagement_id uuid,
  project_id uuid,
  cost_center_id uuid,
  api_key_id uuid,
  request_id text,
  endpoint text,
  page_context text,
  feature_context text,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  cached_input_tokens bigint not null default 0,
  total_tokens bigint not null default 0,
  input_cost numeric,
  output_cost numeric,
  total_cost numeric,
  currency char(3) not null default 'USD',
  price_id uuid,
  cost_source text not null default 'unpriced',
  reported_cost numeric,
  reported_currency char(3),
  response_time_ms integer,
  success boolean not null default true,
  error_type text,
  metadata jsonb not null default '{}',
  ip_address inet,
  user_agent text,
  anonymized boolean not null default false,
  raw_log_id text,
  constraint usage_events_pkey primary key (id, occurred_at),
  constraint usage_events_service_check check (
    service in ('chat', 'completion', 'embedding', 'image', 'audio', 'document', 'search', 'agent', 'other')
  ),
  constraint usage_events_source_check check (
    source in ('web_interface', 'api', 'sdk', 'import', 'proxy', 'browser_extension', 'system')
  ),
  constraint usage_events_input_tokens_check check (input_tokens >= 0),
  constraint usage_events_output_tokens_check check (output_tokens >= 0),
  constraint usage_events_cached_input_tokens_check check (cached_input_tokens >= 0),
  constraint usage_events_total_tokens_check check (total_tokens >= 0),
  constraint usage_events_input_cost_check check (input_cost >= 0 and input_cost < 'infinity'),
  constraint usage_events_output_cost_check check (output_cost >= 0 and output_cost < 'infinity'),
  constraint usage_events_total_cost_check check (total_cost >= 0 and total_cost < 'infinity'),
  constraint usage_events_priced_check check ((cost_source = 'unpriced') = (total_cost is null)),
  constraint usage_events_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint usage_events_cost_source_check check (cost_source in ('priced', 'override', 'unpriced')),
  constraint usage_events_response_time_ms_check check (response_time_ms >= 0),
  constraint usage_events_metadata_check check (jsonb_typeof(metadata) = 'object'),
  constraint usage_events_anonymized_check check (
    not anonymized or (
      user_id is null
      and username is null
      and session_id is null
      and api_key_id is null
      and raw_log_id is null
      and ip_address is null
      and user_agent is null
      and metadata = '{}'
    )
  ),
  constraint usage_events_reported_cost_check check (reported_cost >= 0 and reported_cost < 'infinity'),
  constraint usage_events_reported_currency_check check (reported_currency ~ '^[A-Z]{3}$'),
  constraint usage_events_reported_check check ((reported_cost is null) = (reported_currency is null)),
  constraint usage_events_user_id_fkey foreign key (user_id) references users (id) on delete set null,
  constraint usage_events_team_id_fkey foreign key (team_id) references teams (id) on delete set null,
  constraint usage_events_cost_center_id_fkey foreign key (cost_center_id)
    references cost_centers (id) on delete set null
) partition by range (occurred_at);
create table usage_events_default partition of usage_events default;
create index usage_events_occurred_at_idx on usage_events (occurred_at desc, id desc);
create index usage_events_user_id_occurred_at_idx on usage_events (user_id, occurred_at desc, id desc);
create index usage_events_team_id_occurred_at_idx on usage_events (team_id, occurred_at desc, id desc);
create index usage_events_tool_id_occurred_at_idx on usage_events (tool_id, occurred_at desc, id desc);
create index usage_events_cost_center_id_occurred_at_idx
  on usage_events (cost_center_id, occurred_at desc, id desc)
  where cost_center_id is not null;

-- What was sent and answered, apart from the events, so that anonymization, retention and masking act on one
-- place.
create table usage_payloads (
  usage_event_id uuid not null,
  occurred_at timestamptz not null,
  request_data jsonb,
  response_data jsonb,
  error_message text,
  created_at timestamptz not null default now(),
  constraint usage_payloads_pkey primary key (usage_event_id, occurred_at)
) partition by range (occurred_at);
create table usage_payloads_default partition of usage_payloads default;

-- Events seen, kept for 32 days at least. Not partitioned: on usage_events a unique key would have to contain
-- the time and accept the same event twice with two times.
create table usage_ingest_keys (
  source text not null,
  event_id text not null,
  content_hash bytea not null,
  usage_event_id uuid not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  constraint usage_ingest_keys_pkey primary key (source, event_id)
);
create index usage_ingest_keys_recorded_at_idx on usage_ingest_keys using brin (recorded_at);

grant select, insert on usage_events to :tenant_role;
-- Append-only, apart from anonymization and re-pricing.
grant update (
  user_id, username, pseudonym, session_id, api_key_id, raw_log_id, ip_address, user_agent, metadata,
  anonymized, cost_center_id, input_cost, output_cost, total_cost, currency, price_id, cost_source
) on usage_events to :tenant_role;
grant select, insert, update, delete on usage_payloads to :tenant_role;
grant select, insert, delete on usage_ingest_keys to :tenant_role;

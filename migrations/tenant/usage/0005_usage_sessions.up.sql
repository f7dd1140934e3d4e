-- A visit of a user with its totals.
create table usage_sessions (
  id uuid not null default public.uuid_v7(),
  user_id uuid,
  session_token_hash text,
  ip_address inet,
  user_agent text,
  country text,
  region text,
  city text,
  timezone text,
  page_views integer not null default 0,
  api_calls integer not null default 0,
  llm_interactions integer not null default 0,
  total_tokens_used bigint not null default 0,
  total_cost numeric not null default 0,
  currency char(3) not null default 'USD',
  started_at timestamptz not null default now(),
  last_activity_at timestamptz not null default now(),
  ended_at timestamptz,
  duration_seconds integer,
  constraint usage_sessions_pkey primary key (id),
  constraint usage_sessions_session_token_hash_key unique (session_token_hash),
  constraint usage_sessions_total_cost_check check (total_cost > '-infinity' and total_cost < 'infinity'),
  constraint usage_sessions_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint usage_sessions_duration_seconds_check check (duration_seconds >= 0),
  constraint usage_sessions_user_id_fkey foreign key (user_id) references users (id) on delete set null
);
create index usage_sessions_user_id_started_at_idx on usage_sessions (user_id, started_at desc, id desc);
create index usage_sessions_started_at_idx on usage_sessions (started_at desc);

-- Every API call with timing and outcome.
create table api_usage_logs (
  id uuid not null default public.uuid_v7(),
  occurred_at timestamptz not null default now(),
  request_id text,
  session_id uuid,
  user_id uuid,
  api_key_id uuid,
  endpoint text not null,
  method text not null,
  operation_kind text,
  complexity integer,
  status_code integer,
  response_time_ms integer,
  request_size_bytes integer,
  response_size_bytes integer,
  error_type text,
  error_message text,
  request_headers jsonb,
  request_params jsonb,
  response_headers jsonb,
  constraint api_usage_logs_pkey primary key (id, occurred_at),
  constraint api_usage_logs_request_id_occurred_at_key unique (request_id, occurred_at),
  constraint api_usage_logs_operation_kind_check check (
    operation_kind in ('query', 'mutation', 'subscription')
  ),
  constraint api_usage_logs_response_time_ms_check check (response_time_ms >= 0),
  constraint api_usage_logs_request_size_bytes_check check (request_size_bytes >= 0),
  constraint api_usage_logs_response_size_bytes_check check (response_size_bytes >= 0),
  constraint api_usage_logs_session_id_fkey foreign key (session_id)
    references usage_sessions (id) on delete set null,
  constraint api_usage_logs_user_id_fkey foreign key (user_id) references users (id) on delete set null
) partition by range (occurred_at);
create table api_usage_logs_default partition of api_usage_logs default;
create index api_usage_logs_occurred_at_idx on api_usage_logs (occurred_at desc, id desc);
create index api_usage_logs_endpoint_occurred_at_idx on api_usage_logs (endpoint, occurred_at desc);
create index api_usage_logs_user_id_occurred_at_idx on api_usage_logs (user_id, occurred_at desc, id desc);
create index api_usage_logs_status_code_occurred_at_idx on api_usage_logs (status_code, occurred_at desc);
create index api_usage_logs_session_id_idx on api_usage_logs (session_id) where session_id is not null;

grant select, insert, update on usage_sessions to :tenant_role;
grant select, insert on api_usage_logs to :tenant_role;

-- Events stored with the change they announce. Readers stop below pg_snapshot_xmin(pg_current_snapshot()):
-- ids alone are not in commit order, and a reader that resumes after the highest one seen would lose events.
create table outbox_events (
  id uuid not null default public.uuid_v7(),
  transaction_id xid8 not null default pg_current_xact_id(),
  topic text not null,
  event_type text not null,
  aggregate_type text,
  aggregate_id text,
  payload jsonb not null default '{}',
  headers jsonb not null default '{}',
  status text not null default 'pending',
  attempts integer not null default 0,
  available_at timestamptz not null default now(),
  published_at timestamptz,
  last_error text,
  created_at timestamptz not null default now(),
  constraint outbox_events_pkey primary key (id),
  constraint outbox_events_payload_check check (jsonb_typeof(payload) = 'object'),
  constraint outbox_events_headers_check check (jsonb_typeof(headers) = 'object'),
  constraint outbox_events_status_check check (status in ('pending', 'published', 'failed'))
);
create index outbox_events_transaction_id_id_idx on outbox_events (transaction_id, id);
create index outbox_events_created_at_idx on outbox_events (created_at) where status = 'published';
create index outbox_events_available_at_idx on outbox_events (available_at, transaction_id, id)
  where status = 'pending';

-- First answers of repeated mutations; written in the mutation's transaction, so a row is either complete or
-- absent. operation_hash covers document and variables.
create table idempotency_keys (
  actor_id uuid not null,
  key text not null,
  operation_hash text not null,
  scope text not null,
  response jsonb,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  constraint idempotency_keys_pkey primary key (actor_id, key, operation_hash),
  constraint idempotency_keys_key_check check (length(key) between 1 and 255)
);
create index idempotency_keys_expires_at_idx on idempotency_keys (expires_at);

create table webhook_endpoints (
  id uuid not null default public.uuid_v7(),
  url text not null,
  description text,
  event_types text[] not null default '{}',
  secret_encrypted text not null,
  previous_secret_encrypted text,
  headers_encrypted text,
  status text not null default 'active',
  failure_count integer not null default 0,
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint webhook_endpoints_pkey primary key (id),
  constraint webhook_endpoints_status_check check (status in ('active', 'paused', 'disabled')),
  constraint webhook_endpoints_created_by_fkey foreign key (created_by)
    references users (id) on delete set null
);
create index webhook_endpoints_created_by_idx on webhook_endpoints (created_by) where created_by is not null;

-- One series of attempts per event and endpoint; the outbox row may be cleaned up first.
create table webhook_deliveries (
  id uuid not null default public.uuid_v7(),
  endpoint_id uuid not null,
  outbox_event_id uuid not null,
  event_type text not null,
  payload jsonb not null default '{}',
  status text not null default 'pending',
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  response_status integer,
  response_excerpt text,
  delivered_at timestamptz,
  created_at timestamptz not null default now(),
  constraint webhook_deliveries_pkey primary key (id),
  constraint webhook_deliveries_endpoint_id_outbox_event_id_key unique (endpoint_id, outbox_event_id),
  constraint webhook_deliveries_payload_check check (jsonb_typeof(payload) = 'object'),
  constraint webhook_deliveries_status_check check (status in ('pending', 'delivered', 'failed', 'dead')),
  constraint webhook_deliveries_endpoint_id_fkey foreign key (endpoint_id)
    references webhook_endpoints (id) on delete cascade
);
create index webhook_deliveries_next_attempt_at_idx on webhook_deliveries (next_attempt_at)
  where status = 'pending';
create index webhook_deliveries_endpoint_id_created_at_idx
  on webhook_deliveries (endpoint_id, created_at desc, id desc);

grant select, insert, update, delete
  on outbox_events, idempotency_keys, webhook_endpoints, webhook_deliveries
  to :tenant_role;

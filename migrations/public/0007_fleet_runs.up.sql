-- One operation over many tenants.
create table public.fleet_runs (
  id uuid not null default public.uuid_v7(),
  kind text not null,
  module text,
  target_version integer,
  selector jsonb not null default '{}',
  batch_size integer not null default 10,
  canary_percent numeric(5,2) not null default 5,
  max_failures integer not null default 0,
  max_failure_rate numeric(5,2),
  status text not null default 'pending',
  total_count integer not null default 0,
  succeeded_count integer not null default 0,
  failed_count integer not null default 0,
  started_by uuid,
  started_at timestamptz,
  finished_at timestamptz,
  error text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint fleet_runs_pkey primary key (id),
  constraint fleet_runs_kind_check check (
    kind in ('migrate', 'rollback', 'provision', 'deprovision', 'verify', 'repair', 'maintenance')
  ),
  constraint fleet_runs_selector_check check (jsonb_typeof(selector) = 'object'),
  constraint fleet_runs_batch_size_check check (batch_size > 0),
  constraint fleet_runs_canary_percent_check check (canary_percent between 0 and 100),
  constraint fleet_runs_max_failures_check check (max_failures >= 0),
  constraint fleet_runs_max_failure_rate_check check (max_failure_rate between 0 and 100),
  constraint fleet_runs_status_check check (
    status in ('pending', 'running', 'paused', 'succeeded', 'failed', 'cancelled')
  ),
  constraint fleet_runs_started_by_fkey foreign key (started_by)
    references public.identities (id) on delete set null
);
create index fleet_runs_status_created_at_idx on public.fleet_runs (status, created_at);
create index fleet_runs_started_by_idx on public.fleet_runs (started_by) where started_by is not null;

-- One tenant in one fleet run.
create table public.fleet_run_items (
  id uuid not null default public.uuid_v7(),
  fleet_run_id uuid not null,
  organization_id uuid,
  schema_name text not null,
  wave integer not null default 0,
  status text not null default 'pending',
  attempts integer not null default 0,
  from_version integer,
  to_version integer,
  error text,
  started_at timestamptz,
  finished_at timestamptz,
  duration_ms integer,
  constraint fleet_run_items_pkey primary key (id),
  constraint fleet_run_items_fleet_run_id_schema_name_key unique (fleet_run_id, schema_name),
  constraint fleet_run_items_wave_check check (wave >= 0),
  constraint fleet_run_items_status_check check (
    status in ('pending', 'running', 'succeeded', 'failed', 'skipped')
  ),
  constraint fleet_run_items_fleet_run_id_fkey foreign key (fleet_run_id)
    references public.fleet_runs (id) on delete cascade,
  constraint fleet_run_items_organization_id_fkey foreign key (organization_id)
    references public.organizations (id) on delete set null
);
create index fleet_run_items_fleet_run_id_status_wave_idx
  on public.fleet_run_items (fleet_run_id, status, wave);
create index fleet_run_items_organization_id_idx on public.fleet_run_items (organization_id);

alter table public.schema_migrations add constraint schema_migrations_fleet_run_id_fkey
  foreign key (fleet_run_id) references public.fleet_runs (id) on delete set null;
create index schema_migrations_fleet_run_id_idx on public.schema_migrations (fleet_run_id)
  where fleet_run_id is not null;

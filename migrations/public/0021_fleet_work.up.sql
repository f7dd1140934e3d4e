-- Runs that several runners share: what a run wants to reach and under which rules, and who works on an item until
-- when. A run may have no limit of failures.
alter table public.fleet_runs drop constraint fleet_runs_kind_check;
alter table public.fleet_runs add constraint fleet_runs_kind_check check (
  kind in (
    'migrate', 'rollback', 'redo', 'mark_applied', 'provision', 'deprovision', 'verify', 'repair', 'maintenance'
  )
);
alter table public.fleet_runs
  add column target_versions jsonb not null default '{}',
  add column settings jsonb not null default '{}',
  alter column max_failures drop not null,
  alter column max_failures drop default;
alter table public.fleet_runs add constraint fleet_runs_target_versions_check
  check (jsonb_typeof(target_versions) = 'object');
alter table public.fleet_runs add constraint fleet_runs_settings_check check (jsonb_typeof(settings) = 'object');

alter table public.fleet_run_items
  add column lease_owner text,
  add column lease_until timestamptz,
  add column steps integer not null default 0,
  add column last_step text;
alter table public.fleet_run_items add constraint fleet_run_items_steps_check check (steps >= 0);
-- orgscope: allow index-concurrently: only runners write here, one row for each tenant of a run
create index fleet_run_items_schema_name_idx on public.fleet_run_items (schema_name);

-- What a gateway compares with itself before it serves a tenant: the version of each module that a program has to
-- know to work with the schema. And when a tenant was last served, so that runs can leave dormant ones for later.
alter table public.tenant_schemas
  add column required_versions jsonb not null default '{}',
  add column last_active_at timestamptz;
alter table public.tenant_schemas add constraint tenant_schemas_required_versions_check
  check (jsonb_typeof(required_versions) = 'object');
grant select (required_versions) on public.tenant_schemas to orgscope_account;

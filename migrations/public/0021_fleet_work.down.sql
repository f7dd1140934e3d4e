revoke select (required_versions) on public.tenant_schemas from orgscope_account;
alter table public.tenant_schemas drop column required_versions, drop column last_active_at;

drop index public.fleet_run_items_schema_name_idx;
alter table public.fleet_run_items
  drop column lease_owner, drop column lease_until, drop column steps, drop column last_step;

-- The table as it was has no words for these.
delete from public.fleet_runs where kind in ('redo', 'mark_applied');
update public.fleet_runs set max_failures = 2147483647 where max_failures is null;
-- orgscope: allow not-null-without-check: a row for each run of an operator, read in no time
alter table public.fleet_runs
  drop column target_versions,
  drop column settings,
  alter column max_failures set default 0,
  alter column max_failures set not null,
  drop constraint fleet_runs_kind_check;
alter table public.fleet_runs add constraint fleet_runs_kind_check check (
  kind in ('migrate', 'rollback', 'provision', 'deprovision', 'verify', 'repair', 'maintenance')
);

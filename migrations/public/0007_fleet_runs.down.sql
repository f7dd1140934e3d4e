drop index public.schema_migrations_fleet_run_id_idx;
alter table public.schema_migrations drop constraint schema_migrations_fleet_run_id_fkey;
drop table public.fleet_run_items, public.fleet_runs;

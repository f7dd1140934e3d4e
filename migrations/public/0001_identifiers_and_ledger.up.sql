-- Time-ordered ids, version 7 of RFC 9562. Servers before 18 have no uuidv7(); there the 60 leading bits are
-- the time in 1/4096 ms, the version digit goes between the 48 bits of milliseconds and the 12 bits of their
-- fraction, and the rest comes from a random uuid with its variant bits.
do $do$
begin
  if current_setting('server_version_num')::integer >= 180000 then
    create function public.uuid_v7() returns uuid
      language sql volatile parallel safe
      return uuidv7();
  else
    create function public.uuid_v7() returns uuid
      language sql volatile parallel safe
      return (
        overlay(
          lpad(to_hex((extract(epoch from clock_timestamp()) * 1000000)::bigint * 512 / 125), 15, '0')
          placing '7' from 13 for 0
        ) || substr(gen_random_uuid()::text, 20)
      )::uuid;
  end if;
end
$do$;

-- The same id for the same name, everywhere and every time: default rows can be applied again and agree
-- between installations. Version 3 of RFC 9562 in its URL namespace.
create function public.uuid_of_name(name text) returns uuid
  language sql immutable strict parallel safe
  return (
    select encode(
      set_byte(
        set_byte(hash, 6, get_byte(hash, 6) & 15 | 48),
        8, get_byte(hash, 8) & 63 | 128
      ),
      'hex'
    )::uuid
    from decode(
      md5('\x6ba7b8119dad11d180b400c04fd430c8'::bytea || convert_to(name, 'UTF8')), 'hex'
    ) as hash
  );

grant execute on function public.uuid_v7(), public.uuid_of_name(text) to public;

-- Ledger of every migration applied to every schema; its key to fleet_runs follows with that table.
create table public.schema_migrations (
  id uuid not null default public.uuid_v7(),
  schema_name text not null,
  module text not null,
  version integer not null,
  migration_name text not null,
  checksum text not null,
  status text not null default 'applied',
  executed_at timestamptz not null default now(),
  execution_time_ms integer,
  fleet_run_id uuid,
  applied_by text,
  error text,
  constraint schema_migrations_pkey primary key (id),
  constraint schema_migrations_schema_name_module_version_key unique (schema_name, module, version),
  constraint schema_migrations_version_check check (version > 0),
  constraint schema_migrations_status_check check (
    status in ('started', 'applied', 'failed', 'rolled_back', 'baseline')
  ),
  constraint schema_migrations_execution_time_ms_check check (execution_time_ms >= 0)
);
create index schema_migrations_migration_name_idx on public.schema_migrations (migration_name);

-- Work on one tenant that takes more than one transaction: what it is, from where, and how it ended. The steps that
-- are done are in tenant_schemas; at most one operation of a tenant is open.
create table public.tenant_operations (
  id uuid not null default public.uuid_v7(),
  organization_id uuid not null,
  kind text not null,
  source text,
  digest text,
  details jsonb not null default '{}',
  attempts integer not null default 1,
  outcome text,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint tenant_operations_pkey primary key (id),
  constraint tenant_operations_kind_check check (kind in ('import', 'clone', 'archive', 'restore')),
  constraint tenant_operations_details_check check (jsonb_typeof(details) = 'object'),
  constraint tenant_operations_attempts_check check (attempts > 0),
  constraint tenant_operations_outcome_check check (outcome in ('done', 'undone')),
  constraint tenant_operations_finished_check check ((outcome is null) = (finished_at is null)),
  constraint tenant_operations_organization_id_fkey foreign key (organization_id)
    references public.organizations (id) on delete cascade
);
create unique index tenant_operations_open_key on public.tenant_operations (organization_id)
  where finished_at is null;
create index tenant_operations_organization_id_idx
  on public.tenant_operations (organization_id, started_at desc);

alter table public.tenant_operations enable row level security;
alter table public.tenant_operations force row level security;
create policy tenant_operations_control_plane on public.tenant_operations
  to orgscope_owner, orgscope_platform
  using (true) with check (true);
grant select on public.tenant_operations to orgscope_platform;

-- Where a tenant was before it was deleted, so that deleting can be taken back during the days of grace.
alter table public.tenant_schemas add column deleted_from text;

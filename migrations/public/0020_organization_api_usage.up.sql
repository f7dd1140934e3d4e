-- Requests per organization and month, where it has a quota; flushed in batches like those of keys.
create table public.organization_api_usage (
  id uuid not null default public.uuid_v7(),
  organization_id uuid not null,
  period date not null,
  request_count bigint not null default 0,
  updated_at timestamptz not null default now(),
  constraint organization_api_usage_pkey primary key (id),
  constraint organization_api_usage_organization_id_period_key unique (organization_id, period),
  constraint organization_api_usage_organization_id_fkey foreign key (organization_id)
    references public.organizations (id) on delete cascade
);

alter table public.organization_api_usage enable row level security;
alter table public.organization_api_usage force row level security;
create policy organization_api_usage_control_plane on public.organization_api_usage
  to orgscope_owner, orgscope_platform
  using (true) with check (true);

grant select, insert, update on public.organization_api_usage to orgscope_platform;

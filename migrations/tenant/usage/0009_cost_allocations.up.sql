-- Amounts charged to users and cost centres; negative ones are corrections.
create table cost_allocations (
  id uuid not null default public.uuid_v7(),
  incurred_at timestamptz not null default now(),
  user_id uuid,
  cost_center_id uuid,
  team_id uuid,
  service_type text not null,
  resource_id text,
  usage_event_id uuid,
  cost_amount numeric not null,
  currency char(3) not null default 'USD',
  billing_period date not null,
  usage_quantity numeric,
  usage_unit text,
  cost_breakdown jsonb not null default '{}',
  tags jsonb not null default '{}',
  recorded_at timestamptz not null default now(),
  constraint cost_allocations_pkey primary key (id, incurred_at),
  constraint cost_allocations_service_type_check check (
    service_type in ('llm', 'storage', 'compute', 'api', 'seat', 'other')
  ),
  constraint cost_allocations_cost_amount_check check (
    cost_amount > '-infinity' and cost_amount < 'infinity'
  ),
  constraint cost_allocations_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint cost_allocations_usage_quantity_check check (
    usage_quantity > '-infinity' and usage_quantity < 'infinity'
  ),
  constraint cost_allocations_usage_unit_check check (
    usage_unit in ('tokens', 'requests', 'gb_hours', 'minutes', 'seats')
  ),
  constraint cost_allocations_cost_breakdown_check check (jsonb_typeof(cost_breakdown) = 'object'),
  constraint cost_allocations_tags_check check (jsonb_typeof(tags) = 'object'),
  constraint cost_allocations_billing_period_check check (extract(day from billing_period) = 1),
  constraint cost_allocations_user_id_fkey foreign key (user_id) references users (id) on delete set null,
  constraint cost_allocations_cost_center_id_fkey foreign key (cost_center_id)
    references cost_centers (id) on delete set null,
  constraint cost_allocations_team_id_fkey foreign key (team_id) references teams (id) on delete set null
) partition by range (incurred_at);
create table cost_allocations_default partition of cost_allocations default;
create index cost_allocations_billing_period_cost_center_id_idx
  on cost_allocations (billing_period, cost_center_id);
create index cost_allocations_user_id_billing_period_idx on cost_allocations (user_id, billing_period);
create index cost_allocations_service_type_billing_period_idx
  on cost_allocations (service_type, billing_period);
create index cost_allocations_cost_center_id_idx on cost_allocations (cost_center_id);
create index cost_allocations_team_id_idx on cost_allocations (team_id) where team_id is not null;

grant select, insert on cost_allocations to :tenant_role;

-- Cost centres form a tree; monthly_budget and annual_budget are plan figures, limits are in budgets.
create table cost_centers (
  id uuid not null default public.uuid_v7(),
  name text not null,
  description text,
  code text,
  parent_cost_center_id uuid,
  monthly_budget numeric,
  annual_budget numeric,
  currency char(3) not null default 'USD',
  manager_id uuid,
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint cost_centers_pkey primary key (id),
  constraint cost_centers_name_key unique (name),
  constraint cost_centers_code_key unique (code),
  constraint cost_centers_monthly_budget_check check (monthly_budget >= 0 and monthly_budget < 'infinity'),
  constraint cost_centers_annual_budget_check check (annual_budget >= 0 and annual_budget < 'infinity'),
  constraint cost_centers_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint cost_centers_parent_check check (parent_cost_center_id is null or parent_cost_center_id <> id),
  constraint cost_centers_parent_cost_center_id_fkey foreign key (parent_cost_center_id)
    references cost_centers (id) on delete set null,
  constraint cost_centers_manager_id_fkey foreign key (manager_id) references users (id) on delete set null
);
create index cost_centers_parent_cost_center_id_idx on cost_centers (parent_cost_center_id);
create index cost_centers_manager_id_idx on cost_centers (manager_id);

grant select, insert, update, delete on cost_centers to :tenant_role;

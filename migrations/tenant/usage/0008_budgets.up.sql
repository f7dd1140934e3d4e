-- Limits per scope. monthly_limit is the limit of one period of period_type.
create table budgets (
  id uuid not null default public.uuid_v7(),
  name text not null default 'Budget',
  scope_type text not null default 'organization',
  scope_id uuid,
  period_type text not null default 'monthly',
  time_zone text not null default 'UTC',
  monthly_limit numeric not null default 0,
  carry_over boolean not null default false,
  alert_thresholds numeric(5,2)[] not null default '{80}',
  currency char(3) not null default 'USD',
  enforcement text not null default 'alert',
  status text not null default 'active',
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint budgets_pkey primary key (id),
  constraint budgets_scope_type_scope_id_period_type_key unique nulls not distinct
    (scope_type, scope_id, period_type),
  constraint budgets_scope_type_check check (
    scope_type in ('organization', 'team', 'user', 'api_key', 'tool', 'model', 'cost_center')
  ),
  constraint budgets_period_type_check check (period_type in ('monthly', 'quarterly', 'annual')),
  constraint budgets_monthly_limit_check check (monthly_limit >= 0 and monthly_limit < 'infinity'),
  constraint budgets_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint budgets_enforcement_check check (enforcement in ('alert', 'block')),
  constraint budgets_status_check check (status in ('active', 'inactive', 'exceeded')),
  constraint budgets_scope_check check ((scope_type = 'organization') = (scope_id is null)),
  constraint budgets_alert_thresholds_check check (
    array_position(alert_thresholds, null) is null
      and 0 <= all (alert_thresholds)
      and 999 >= all (alert_thresholds)
  ),
  constraint budgets_created_by_fkey foreign key (created_by) references users (id) on delete set null
);
create index budgets_created_by_idx on budgets (created_by) where created_by is not null;

-- Limit, reservations and spend of one period, so that late events find theirs. Ingestion never locks a row
-- here: spending is taken from rollups; only reserving and settling lock the period.
create table budget_periods (
  id uuid not null default public.uuid_v7(),
  budget_id uuid not null,
  period_start date not null,
  period_end date not null,
  limit_amount numeric not null,
  carried_over_amount numeric not null default 0,
  reserved_amount numeric not null default 0,
  spent_amount numeric not null default 0,
  currency char(3) not null default 'USD',
  closed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint budget_periods_pkey primary key (id),
  constraint budget_periods_budget_id_period_start_key unique (budget_id, period_start),
  constraint budget_periods_period_check check (period_end > period_start),
  constraint budget_periods_limit_amount_check check (limit_amount >= 0 and limit_amount < 'infinity'),
  constraint budget_periods_carried_over_amount_check check (
    carried_over_amount > '-infinity' and carried_over_amount < 'infinity'
  ),
  constraint budget_periods_reserved_amount_check check (
    reserved_amount >= 0 and reserved_amount < 'infinity'
  ),
  constraint budget_periods_spent_amount_check check (
    spent_amount > '-infinity' and spent_amount < 'infinity'
  ),
  constraint budget_periods_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint budget_periods_budget_id_fkey foreign key (budget_id) references budgets (id) on delete cascade
);

-- Each threshold is raised once per period.
create table budget_alerts (
  id uuid not null default public.uuid_v7(),
  budget_id uuid not null,
  period_start date not null,
  threshold numeric(5,2) not null,
  spend numeric not null,
  limit_amount numeric not null,
  currency char(3) not null default 'USD',
  status text not null default 'open',
  acknowledged_by uuid,
  acknowledged_at timestamptz,
  created_at timestamptz not null default now(),
  constraint budget_alerts_pkey primary key (id),
  constraint budget_alerts_budget_id_period_start_threshold_key unique (budget_id, period_start, threshold),
  constraint budget_alerts_threshold_check check (threshold between 0 and 999),
  constraint budget_alerts_spend_check check (spend > '-infinity' and spend < 'infinity'),
  constraint budget_alerts_limit_amount_check check (
    limit_amount > '-infinity' and limit_amount < 'infinity'
  ),
  constraint budget_alerts_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint budget_alerts_status_check check (status in ('open', 'acknowledged', 'resolved')),
  constraint budget_alerts_budget_id_fkey foreign key (budget_id) references budgets (id) on delete cascade,
  constraint budget_alerts_acknowledged_by_fkey foreign key (acknowledged_by)
    references users (id) on delete set null
);
create index budget_alerts_status_created_at_idx on budget_alerts (status, created_at desc);
create index budget_alerts_acknowledged_by_idx on budget_alerts (acknowledged_by)
  where acknowledged_by is not null;

-- Holds on a blocking budget, so that parallel requests do not pass the limit together.
create table budget_reservations (
  id uuid not null default public.uuid_v7(),
  budget_period_id uuid not null,
  request_id text not null,
  amount numeric not null,
  currency char(3) not null default 'USD',
  status text not null default 'held',
  settled_amount numeric,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  constraint budget_reservations_pkey primary key (id),
  constraint budget_reservations_budget_period_id_request_id_key unique (budget_period_id, request_id),
  constraint budget_reservations_amount_check check (amount >= 0 and amount < 'infinity'),
  constraint budget_reservations_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint budget_reservations_status_check check (status in ('held', 'settled', 'released', 'expired')),
  constraint budget_reservations_settled_amount_check check (
    settled_amount > '-infinity' and settled_amount < 'infinity'
  ),
  constraint budget_reservations_budget_period_id_fkey foreign key (budget_period_id)
    references budget_periods (id) on delete cascade
);
create index budget_reservations_expires_at_idx on budget_reservations (expires_at) where status = 'held';

grant select, insert, update, delete
  on budgets, budget_periods, budget_alerts, budget_reservations
  to :tenant_role;

-- What the organization decided about a tool of the catalogue.
create table tool_policies (
  tool_id uuid not null,
  decision text not null default 'under_review',
  owner_id uuid,
  monthly_seat_cost numeric,
  currency char(3) not null default 'USD',
  seats integer,
  notes text,
  decided_by uuid,
  decided_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint tool_policies_pkey primary key (tool_id),
  constraint tool_policies_decision_check check (
    decision in ('approved', 'restricted', 'prohibited', 'under_review')
  ),
  constraint tool_policies_monthly_seat_cost_check check (
    monthly_seat_cost >= 0 and monthly_seat_cost < 'infinity'
  ),
  constraint tool_policies_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint tool_policies_seats_check check (seats >= 0),
  constraint tool_policies_owner_id_fkey foreign key (owner_id) references users (id) on delete set null,
  constraint tool_policies_decided_by_fkey foreign key (decided_by) references users (id) on delete set null
);
create index tool_policies_decision_idx on tool_policies (decision);
create index tool_policies_owner_id_idx on tool_policies (owner_id) where owner_id is not null;
create index tool_policies_decided_by_idx on tool_policies (decided_by) where decided_by is not null;

grant select, insert, update, delete on tool_policies to :tenant_role;

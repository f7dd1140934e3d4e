-- Append-only. No foreign keys, so that rows outlive what they describe; actor_commitment is a salted hash,
-- so that nobody is named once their salt is gone.
create table public.platform_audit_logs (
  id uuid not null default public.uuid_v7(),
  event_type text not null,
  event_category text not null,
  actor_identity_id uuid,
  actor_commitment text,
  organization_id uuid,
  target_type text,
  target_id text,
  result text not null default 'success',
  reason text,
  ip_address inet,
  user_agent text,
  request_id text,
  details jsonb not null default '{}',
  prev_hash bytea,
  row_hash bytea,
  occurred_at timestamptz not null default now(),
  constraint platform_audit_logs_pkey primary key (id),
  constraint platform_audit_logs_event_category_check check (
    event_category in (
      'authentication', 'authorization', 'provisioning', 'migration', 'configuration',
      'support_access', 'system'
    )
  ),
  constraint platform_audit_logs_result_check check (result in ('success', 'denied', 'failure')),
  constraint platform_audit_logs_details_check check (jsonb_typeof(details) = 'object')
);
create index platform_audit_logs_organization_id_occurred_at_idx
  on public.platform_audit_logs (organization_id, occurred_at desc);
create index platform_audit_logs_actor_identity_id_occurred_at_idx
  on public.platform_audit_logs (actor_identity_id, occurred_at desc);
create index platform_audit_logs_event_type_occurred_at_idx
  on public.platform_audit_logs (event_type, occurred_at desc);

-- Append-only trail. No foreign keys: rows outlive what they describe. resource_name never holds the name of
-- a person but a salted commitment.
create table audit_logs (
  id uuid not null default public.uuid_v7(),
  occurred_at timestamptz not null default now(),
  event_type text not null,
  event_category text not null default 'data_access',
  result text not null default 'success',
  reason text,
  user_id uuid,
  actor_kind text not null default 'user',
  actor_role_level text,
  actor_data_scope text,
  on_behalf_of uuid,
  api_key_id uuid,
  session_id uuid,
  ip_address inet,
  user_agent text,
  resource_type text,
  resource_id text,
  resource_name text,
  engagement_id uuid,
  old_values jsonb,
  new_values jsonb,
  changed_fields text[],
  action_description text,
  business_context text,
  risk_level text not null default 'low',
  application_name text,
  service_name text,
  api_endpoint text,
  request_id text,
  compliance_relevant boolean not null default false,
  retention_period_days integer not null default 2555,
  additional_data jsonb not null default '{}',
  chain_no bigint,
  prev_hash bytea,
  row_hash bytea,
  constraint audit_logs_pkey primary key (id, occurred_at),
  constraint audit_logs_event_category_check check (
    event_category in (
      'authentication', 'authorization', 'data_access', 'data_change', 'administration', 'system'
    )
  ),
  constraint audit_logs_result_check check (result in ('success', 'denied', 'failure')),
  constraint audit_logs_actor_kind_check check (
    actor_kind in ('user', 'api_key', 'service', 'platform_admin', 'system')
  ),
  constraint audit_logs_risk_level_check check (risk_level in ('low', 'medium', 'high', 'critical')),
  constraint audit_logs_retention_period_days_check check (retention_period_days > 0),
  constraint audit_logs_additional_data_check check (jsonb_typeof(additional_data) = 'object')
) partition by range (occurred_at);
create table audit_logs_default partition of audit_logs default;
create index audit_logs_occurred_at_idx on audit_logs (occurred_at desc, id desc);
create index audit_logs_user_id_occurred_at_idx on audit_logs (user_id, occurred_at desc, id desc);
create index audit_logs_event_type_occurred_at_idx on audit_logs (event_type, occurred_at desc);
create index audit_logs_resource_type_resource_id_idx on audit_logs (resource_type, resource_id);
create index audit_logs_risk_level_occurred_at_idx on audit_logs (risk_level, occurred_at desc)
  where risk_level in ('high','critical');
create index audit_logs_occurred_at_id_idx on audit_logs (occurred_at, id) where compliance_relevant;
create index audit_logs_chain_no_idx on audit_logs (chain_no);

-- A sealed range of the chain makes tampering and deletion visible.
create table audit_checkpoints (
  id uuid not null default public.uuid_v7(),
  from_chain_no bigint not null,
  to_chain_no bigint not null,
  row_count bigint not null,
  root_hash bytea not null,
  prev_checkpoint_hash bytea,
  signature bytea,
  key_ref text,
  sealed_at timestamptz not null default now(),
  constraint audit_checkpoints_pkey primary key (id),
  constraint audit_checkpoints_from_chain_no_key unique (from_chain_no),
  constraint audit_checkpoints_to_chain_no_key unique (to_chain_no),
  constraint audit_checkpoints_range_check check (to_chain_no >= from_chain_no)
);

-- Column-level versions of critical records, grouped in change sets. No foreign keys, as in audit_logs.
create table change_tracking (
  id uuid not null default public.uuid_v7(),
  change_set_id uuid not null,
  sequence_number integer not null,
  table_name text not null,
  record_id text not null,
  operation_type text not null,
  column_name text,
  old_value text,
  new_value text,
  data_type text,
  changed_by uuid,
  change_reason text,
  business_justification text,
  requires_approval boolean not null default false,
  approval_status text not null default 'not_required',
  approved_by uuid,
  approved_at timestamptz,
  change_metadata jsonb not null default '{}',
  changed_at timestamptz not null default now(),
  constraint change_tracking_pkey primary key (id),
  constraint change_tracking_change_set_id_sequence_number_key unique (change_set_id, sequence_number),
  constraint change_tracking_sequence_number_check check (sequence_number > 0),
  constraint change_tracking_operation_type_check check (operation_type in ('insert', 'update', 'delete')),
  constraint change_tracking_approval_status_check check (
    approval_status in ('not_required', 'pending', 'approved', 'rejected')
  ),
  constraint change_tracking_change_metadata_check check (jsonb_typeof(change_metadata) = 'object')
);
create index change_tracking_table_name_record_id_changed_at_idx
  on change_tracking (table_name, record_id, changed_at desc);
create index change_tracking_changed_by_idx on change_tracking (changed_by);
create index change_tracking_changed_at_idx on change_tracking (changed_at desc);
create index change_tracking_requires_approval_approved_at_idx
  on change_tracking (requires_approval, approved_at)
  where requires_approval and approved_at is null;

-- Security incidents with review and response.
create table security_events (
  id uuid not null default public.uuid_v7(),
  event_type text not null,
  event_category text not null default 'security',
  severity text not null default 'info',
  title text not null,
  description text,
  source_user_id uuid,
  actor_email text,
  actor_role text,
  target_user_id uuid,
  target_email text,
  source_ip inet,
  user_agent text,
  request_path text,
  request_method text,
  target_resource text,
  detection_method text,
  detection_rule_id text,
  potential_impact text,
  affected_systems text[],
  affected_data_types text[],
  status text not null default 'open',
  assigned_to uuid,
  resolution_notes text,
  is_suspicious boolean not null default false,
  requires_review boolean not null default false,
  is_blocked boolean not null default false,
  reviewed_at timestamptz,
  reviewed_by uuid,
  regulatory_notification_required boolean not null default false,
  notification_sent_at timestamptz,
  event_data jsonb not null default '{}',
  occurred_at timestamptz not null default now(),
  detected_at timestamptz not null default now(),
  resolved_at timestamptz,
  constraint security_events_pkey primary key (id),
  constraint security_events_event_category_check check (
    event_category in (
      'authentication', 'authorization', 'data_access', 'administration', 'system', 'security'
    )
  ),
  constraint security_events_severity_check check (
    severity in ('info', 'low', 'medium', 'high', 'critical')
  ),
  constraint security_events_detection_method_check check (
    detection_method in ('automated_rule', 'manual_review', 'external_alert')
  ),
  constraint security_events_status_check check (
    status in ('open', 'investigating', 'resolved', 'false_positive')
  ),
  constraint security_events_event_data_check check (jsonb_typeof(event_data) = 'object'),
  constraint security_events_source_user_id_fkey foreign key (source_user_id)
    references users (id) on delete set null,
  constraint security_events_target_user_id_fkey foreign key (target_user_id)
    references users (id) on delete set null,
  constraint security_events_assigned_to_fkey foreign key (assigned_to)
    references users (id) on delete set null,
  constraint security_events_reviewed_by_fkey foreign key (reviewed_by)
    references users (id) on delete set null
);
create index security_events_event_type_idx on security_events (event_type);
create index security_events_event_category_idx on security_events (event_category);
create index security_events_severity_status_idx on security_events (severity, status);
create index security_events_occurred_at_idx on security_events (occurred_at desc);
create index security_events_source_user_id_idx on security_events (source_user_id);
create index security_events_target_user_id_idx on security_events (target_user_id);
create index security_events_requires_review_is_suspicious_idx
  on security_events (requires_review, is_suspicious)
  where requires_review and reviewed_at is null;
create index security_events_assigned_to_idx on security_events (assigned_to) where assigned_to is not null;
create index security_events_reviewed_by_idx on security_events (reviewed_by) where reviewed_by is not null;

-- Register of soft-deleted rows of any module. item_name never holds the name of a person but a salted
-- commitment.
create table soft_deleted_items (
  id uuid not null default public.uuid_v7(),
  item_type text not null,
  item_id uuid not null,
  item_name text,
  engagement_id uuid,
  deleted_by uuid,
  deleted_at timestamptz not null default now(),
  delete_reason text,
  reviewed_by uuid,
  reviewed_at timestamptz,
  review_decision text,
  review_notes text,
  purged_at timestamptz,
  purged_by uuid,
  status text not null default 'pending_review',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint soft_deleted_items_pkey primary key (id),
  constraint soft_deleted_items_review_decision_check check (
    review_decision in ('approve_purge', 'restore', 'keep')
  ),
  constraint soft_deleted_items_status_check check (
    status in ('pending_review', 'approved', 'restored', 'purged')
  ),
  constraint soft_deleted_items_deleted_by_fkey foreign key (deleted_by)
    references users (id) on delete set null,
  constraint soft_deleted_items_reviewed_by_fkey foreign key (reviewed_by)
    references users (id) on delete set null,
  constraint soft_deleted_items_purged_by_fkey foreign key (purged_by)
    references users (id) on delete set null
);
create index soft_deleted_items_item_type_idx on soft_deleted_items (item_type);
create index soft_deleted_items_item_id_idx on soft_deleted_items (item_id);
create index soft_deleted_items_status_deleted_at_idx on soft_deleted_items (status, deleted_at);
create index soft_deleted_items_deleted_by_idx on soft_deleted_items (deleted_by)
  where deleted_by is not null;
create index soft_deleted_items_reviewed_by_idx on soft_deleted_items (reviewed_by)
  where reviewed_by is not null;
create index soft_deleted_items_purged_by_idx on soft_deleted_items (purged_by) where purged_by is not null;

grant select, insert on audit_logs, audit_checkpoints, change_tracking to :tenant_role;
grant select, insert, update on security_events, soft_deleted_items to :tenant_role;

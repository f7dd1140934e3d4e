-- Report definitions and their schedule.
create table analytics_reports (
  id uuid not null default public.uuid_v7(),
  name text not null,
  description text,
  report_type text not null,
  data_sources jsonb not null,
  filters jsonb not null default '{}',
  aggregations jsonb not null default '{}',
  schedule_type text not null default 'manual',
  schedule_config jsonb not null default '{}',
  next_run_at timestamptz,
  saved_query_id uuid,
  created_by uuid,
  shared_with uuid[] not null default '{}',
  is_public boolean not null default false,
  is_active boolean not null default true,
  last_generated_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint analytics_reports_pkey primary key (id),
  constraint analytics_reports_report_type_check check (
    report_type in ('usage', 'performance', 'cost', 'user_behavior', 'compliance')
  ),
  constraint analytics_reports_filters_check check (jsonb_typeof(filters) = 'object'),
  constraint analytics_reports_aggregations_check check (jsonb_typeof(aggregations) = 'object'),
  constraint analytics_reports_schedule_type_check check (
    schedule_type in ('manual', 'daily', 'weekly', 'monthly')
  ),
  constraint analytics_reports_schedule_config_check check (jsonb_typeof(schedule_config) = 'object'),
  constraint analytics_reports_saved_query_id_fkey foreign key (saved_query_id)
    references saved_queries (id) on delete set null,
  constraint analytics_reports_created_by_fkey foreign key (created_by)
    references users (id) on delete set null
);
create index analytics_reports_report_type_idx on analytics_reports (report_type);
create index analytics_reports_created_by_idx on analytics_reports (created_by);
create index analytics_reports_next_run_at_idx on analytics_reports (next_run_at) where is_active;
create index analytics_reports_shared_with_idx on analytics_reports using gin (shared_with);
create index analytics_reports_saved_query_id_idx on analytics_reports (saved_query_id)
  where saved_query_id is not null;

-- Runs of a report.
create table report_executions (
  id uuid not null default public.uuid_v7(),
  report_id uuid not null,
  execution_type text not null,
  triggered_by uuid,
  status text not null default 'running',
  result_data jsonb,
  result_file_path text,
  error_message text,
  execution_time_ms integer,
  rows_processed integer,
  started_at timestamptz not null default now(),
  completed_at timestamptz,
  constraint report_executions_pkey primary key (id),
  constraint report_executions_execution_type_check check (execution_type in ('manual', 'scheduled')),
  constraint report_executions_status_check check (status in ('queued', 'running', 'completed', 'failed')),
  constraint report_executions_report_id_fkey foreign key (report_id)
    references analytics_reports (id) on delete cascade,
  constraint report_executions_triggered_by_fkey foreign key (triggered_by)
    references users (id) on delete set null
);
create index report_executions_report_id_started_at_idx
  on report_executions (report_id, started_at desc, id desc);
create index report_executions_status_idx on report_executions (status) where status in ('queued','running');
create index report_executions_triggered_by_idx on report_executions (triggered_by)
  where triggered_by is not null;

grant select, insert, update, delete on analytics_reports, report_executions to :tenant_role;

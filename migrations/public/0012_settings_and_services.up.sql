-- Typed settings per service and environment; no service name means all of them.
create table public.configuration_settings (
  id uuid not null default public.uuid_v7(),
  service_name text,
  environment text not null default 'production',
  config_key text not null,
  config_value text,
  value_type text not null default 'string',
  is_encrypted boolean not null default false,
  description text,
  default_value text,
  validation_rules jsonb not null default '{}',
  version integer not null default 1,
  changed_by uuid,
  change_reason text,
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint configuration_settings_pkey primary key (id),
  constraint configuration_settings_key unique nulls not distinct (service_name, environment, config_key),
  constraint configuration_settings_environment_check check (
    environment in ('development', 'test', 'staging', 'production')
  ),
  constraint configuration_settings_value_type_check check (
    value_type in ('string', 'number', 'boolean', 'json')
  ),
  constraint configuration_settings_validation_rules_check check (
    jsonb_typeof(validation_rules) = 'object'
  ),
  constraint configuration_settings_changed_by_fkey foreign key (changed_by)
    references public.identities (id) on delete set null
);
create index configuration_settings_config_key_idx on public.configuration_settings (config_key);
create index configuration_settings_is_active_idx on public.configuration_settings (is_active);
create index configuration_settings_changed_by_idx on public.configuration_settings (changed_by)
  where changed_by is not null;

-- Processes that make up an installation, with their health.
create table public.services (
  id uuid not null default public.uuid_v7(),
  service_name text not null,
  service_type text not null,
  version text not null,
  host text not null,
  port integer not null,
  protocol text not null default 'http',
  base_path text not null default '/',
  health_check_url text,
  health_status text not null default 'unknown',
  last_health_check timestamptz,
  description text,
  tags text[] not null default '{}',
  metadata jsonb not null default '{}',
  is_active boolean not null default true,
  registered_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint services_pkey primary key (id),
  constraint services_service_name_key unique (service_name),
  constraint services_service_type_check check (service_type in ('api', 'worker', 'scheduler', 'gateway')),
  constraint services_port_check check (port between 1 and 65535),
  constraint services_protocol_check check (protocol in ('http', 'https', 'grpc')),
  constraint services_health_status_check check (
    health_status in ('healthy', 'degraded', 'unhealthy', 'unknown')
  ),
  constraint services_metadata_check check (jsonb_typeof(metadata) = 'object')
);
create index services_service_type_idx on public.services (service_type);
create index services_health_status_idx on public.services (health_status);
create index services_is_active_idx on public.services (is_active);

-- Where a tenant lives, what is installed, at which version, in which state. Only active is routable.
create table public.tenant_schemas (
  organization_id uuid not null,
  schema_name text not null,
  role_name text not null,
  placement text not null default 'shared',
  connection_ref text,
  modules text[] not null default '{}',
  schema_versions jsonb not null default '{}',
  target_versions jsonb not null default '{}',
  state text not null default 'requested',
  previous_state text,
  state_changed_at timestamptz not null default now(),
  current_step text,
  completed_steps text[] not null default '{}',
  attempts integer not null default 0,
  last_error text,
  last_error_at timestamptz,
  lease_owner text,
  lease_until timestamptz,
  partitioning_enabled boolean not null default false,
  catalogue_fingerprint text,
  fingerprint_checked_at timestamptz,
  estimated_rows bigint not null default 0,
  size_bytes bigint not null default 0,
  archive_location text,
  delete_after timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint tenant_schemas_pkey primary key (organization_id),
  constraint tenant_schemas_schema_name_key unique (schema_name),
  constraint tenant_schemas_role_name_key unique (role_name),
  constraint tenant_schemas_placement_check check (
    placement in ('shared', 'node_group', 'dedicated_database')
  ),
  constraint tenant_schemas_schema_versions_check check (jsonb_typeof(schema_versions) = 'object'),
  constraint tenant_schemas_target_versions_check check (jsonb_typeof(target_versions) = 'object'),
  constraint tenant_schemas_state_check check (
    state in (
      'requested', 'provisioning', 'active', 'suspended', 'archived', 'deprovisioning', 'deleted',
      'failed'
    )
  ),
  constraint tenant_schemas_attempts_check check (attempts >= 0),
  constraint tenant_schemas_schema_name_check check (schema_name ~ '^org_[a-z0-9][a-z0-9_]{0,54}$'),
  constraint tenant_schemas_modules_check check (
    modules <@ array['usage', 'compliance', 'llm', 'workspace', 'portfolio', 'records']
  ),
  constraint tenant_schemas_organization_id_fkey foreign key (organization_id)
    references public.organizations (id) on delete restrict
);
create index tenant_schemas_state_lease_until_idx on public.tenant_schemas (state, lease_until);
create index tenant_schemas_modules_idx on public.tenant_schemas using gin (modules);

-- Migrated schemas without an owner, handed out by a rename.
create table public.spare_schemas (
  schema_name text not null,
  modules text[] not null default '{}',
  schema_versions jsonb not null default '{}',
  status text not null default 'preparing',
  last_error text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint spare_schemas_pkey primary key (schema_name),
  constraint spare_schemas_schema_versions_check check (jsonb_typeof(schema_versions) = 'object'),
  constraint spare_schemas_status_check check (status in ('preparing', 'ready', 'taken', 'failed')),
  constraint spare_schemas_schema_name_check check (schema_name ~ '^spare_[a-z0-9_]{1,54}$')
);
create index spare_schemas_status_created_at_idx on public.spare_schemas (status, created_at);

-- Organizations with news in their outbox, so that no relay polls every schema. Rows are only added, and
-- removed once read: a row updated in place would make the writers of one organization wait for each other.
-- No foreign key for the same reason; a row of a removed organization is harmless.
create table public.tenant_wakeups (
  id uuid not null default public.uuid_v7(),
  organization_id uuid not null,
  created_at timestamptz not null default now(),
  constraint tenant_wakeups_pkey primary key (id)
);

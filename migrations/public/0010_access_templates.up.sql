-- Kinds of protected things and the actions each allows.
create table public.resource_types (
  id uuid not null default public.uuid_v7(),
  name text not null,
  description text,
  parent_type_id uuid,
  available_actions text[] not null default '{}',
  module text not null default 'core',
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  constraint resource_types_pkey primary key (id),
  constraint resource_types_name_key unique (name),
  constraint resource_types_metadata_check check (jsonb_typeof(metadata) = 'object'),
  constraint resource_types_parent_type_id_fkey foreign key (parent_type_id)
    references public.resource_types (id) on delete set null
);
create index resource_types_parent_type_id_idx on public.resource_types (parent_type_id)
  where parent_type_id is not null;

-- Role templates copied into each tenant.
create table public.default_roles (
  id uuid not null default public.uuid_v7(),
  name text not null,
  display_name text,
  description text,
  parent_name text,
  role_level integer not null default 0,
  is_system_role boolean not null default true,
  is_assignable boolean not null default true,
  scope text not null default 'organization',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint default_roles_pkey primary key (id),
  constraint default_roles_name_key unique (name),
  constraint default_roles_scope_check check (scope in ('platform', 'organization', 'project'))
);

-- Permissions of a role template beyond those of its parent.
create table public.default_permissions (
  id uuid not null default public.uuid_v7(),
  default_role_id uuid not null,
  name text not null,
  description text,
  module text not null default 'core',
  access_type text not null default 'allow',
  resource_type_id uuid,
  action text not null,
  conditions jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint default_permissions_pkey primary key (id),
  constraint default_permissions_default_role_id_name_key unique (default_role_id, name),
  constraint default_permissions_access_type_check check (access_type in ('allow', 'deny')),
  constraint default_permissions_conditions_check check (jsonb_typeof(conditions) = 'object'),
  constraint default_permissions_default_role_id_fkey foreign key (default_role_id)
    references public.default_roles (id) on delete cascade,
  constraint default_permissions_resource_type_id_fkey foreign key (resource_type_id)
    references public.resource_types (id) on delete restrict
);
create index default_permissions_resource_type_id_action_idx
  on public.default_permissions (resource_type_id, action);

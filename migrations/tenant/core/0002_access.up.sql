-- Instances of any module that can carry roles, grants and conditions. One that has carried any is switched
-- off (is_active), not deleted.
create table resources (
  id uuid not null default public.uuid_v7(),
  resource_type_id uuid not null,
  resource_id text not null,
  name text,
  description text,
  parent_resource_id uuid,
  owner_id uuid,
  attributes jsonb not null default '{}',
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint resources_pkey primary key (id),
  constraint resources_resource_type_id_resource_id_key unique (resource_type_id, resource_id),
  constraint resources_attributes_check check (jsonb_typeof(attributes) = 'object'),
  constraint resources_parent_resource_id_fkey foreign key (parent_resource_id)
    references resources (id) on delete set null,
  constraint resources_owner_id_fkey foreign key (owner_id) references users (id) on delete set null
);
create index resources_owner_id_idx on resources (owner_id);
create index resources_parent_resource_id_idx on resources (parent_resource_id);

-- Roles with inheritance; project roles are scoped to a resource. parent_role_id mirrors the open row of
-- role_parents.
create table roles (
  id uuid not null default public.uuid_v7(),
  name text not null,
  display_name text,
  description text,
  role_type text not null default 'organization',
  scope_resource_id uuid,
  default_role_id uuid,
  parent_role_id uuid,
  role_level integer not null default 0,
  is_system_role boolean not null default false,
  is_assignable boolean not null default true,
  max_assignments integer,
  valid_from timestamptz not null default now(),
  valid_until timestamptz,
  auto_assign_conditions jsonb not null default '{}',
  metadata jsonb not null default '{}',
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint roles_pkey primary key (id),
  constraint roles_name_scope_resource_id_key unique nulls not distinct (name, scope_resource_id),
  constraint roles_role_type_check check (
    role_type in ('system', 'organization', 'project', 'engagement', 'custom')
  ),
  constraint roles_max_assignments_check check (max_assignments > 0),
  constraint roles_auto_assign_conditions_check check (jsonb_typeof(auto_assign_conditions) = 'object'),
  constraint roles_metadata_check check (jsonb_typeof(metadata) = 'object'),
  constraint roles_validity_check check (valid_until is null or valid_until > valid_from),
  constraint roles_parent_check check (parent_role_id is null or parent_role_id <> id),
  constraint roles_scope_resource_id_fkey foreign key (scope_resource_id)
    references resources (id) on delete restrict,
  constraint roles_parent_role_id_fkey foreign key (parent_role_id)
    references roles (id) on delete restrict,
  constraint roles_created_by_fkey foreign key (created_by) references users (id) on delete set null
);
create index roles_parent_role_id_idx on roles (parent_role_id);
create index roles_scope_resource_id_idx on roles (scope_resource_id) where scope_resource_id is not null;
create index roles_created_by_idx on roles (created_by) where created_by is not null;

-- Which role inherited from which, when; rows are closed, never overwritten.
create table role_parents (
  id uuid not null default public.uuid_v7(),
  role_id uuid not null,
  parent_role_id uuid not null,
  valid_from timestamptz not null default now(),
  valid_until timestamptz,
  changed_by uuid,
  constraint role_parents_pkey primary key (id),
  constraint role_parents_parent_check check (parent_role_id <> role_id),
  constraint role_parents_validity_check check (valid_until is null or valid_until >= valid_from),
  constraint role_parents_role_id_fkey foreign key (role_id) references roles (id) on delete restrict,
  constraint role_parents_parent_role_id_fkey foreign key (parent_role_id)
    references roles (id) on delete restrict,
  constraint role_parents_changed_by_fkey foreign key (changed_by) references users (id) on delete set null
);
create unique index role_parents_open_key on role_parents (role_id) where valid_until is null;
create index role_parents_role_id_idx on role_parents (role_id, valid_from);
create index role_parents_parent_role_id_idx on role_parents (parent_role_id);
create index role_parents_changed_by_idx on role_parents (changed_by) where changed_by is not null;

-- One action on one resource type.
create table permissions (
  id uuid not null default public.uuid_v7(),
  name text not null,
  display_name text,
  description text,
  resource_type_id uuid not null,
  action text not null,
  conditions jsonb not null default '{}',
  is_system_permission boolean not null default false,
  requires_approval boolean not null default false,
  approval_workflow_id uuid,
  valid_from timestamptz not null default now(),
  valid_until timestamptz,
  metadata jsonb not null default '{}',
  created_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint permissions_pkey primary key (id),
  constraint permissions_name_key unique (name),
  constraint permissions_conditions_check check (jsonb_typeof(conditions) = 'object'),
  constraint permissions_metadata_check check (jsonb_typeof(metadata) = 'object'),
  constraint permissions_validity_check check (valid_until is null or valid_until > valid_from),
  constraint permissions_created_by_fkey foreign key (created_by) references users (id) on delete set null
);
create index permissions_resource_type_id_action_idx on permissions (resource_type_id, action);
create index permissions_created_by_idx on permissions (created_by) where created_by is not null;

-- Closed by valid_until, never deleted; at most one row of a pair is open-ended.
create table role_permissions (
  id uuid not null default public.uuid_v7(),
  role_id uuid not null,
  permission_id uuid not null,
  effect text not null default 'allow',
  granted_by uuid,
  granted_at timestamptz not null default now(),
  valid_from timestamptz not null default now(),
  valid_until timestamptz,
  revoked_by uuid,
  additional_conditions jsonb not null default '{}',
  constraint role_permissions_pkey primary key (id),
  constraint role_permissions_effect_check check (effect in ('allow', 'deny')),
  constraint role_permissions_additional_conditions_check check (
    jsonb_typeof(additional_conditions) = 'object'
  ),
  constraint role_permissions_validity_check check (valid_until is null or valid_until >= valid_from),
  constraint role_permissions_role_id_fkey foreign key (role_id) references roles (id) on delete restrict,
  constraint role_permissions_permission_id_fkey foreign key (permission_id)
    references permissions (id) on delete restrict,
  constraint role_permissions_granted_by_fkey foreign key (granted_by)
    references users (id) on delete set null,
  constraint role_permissions_revoked_by_fkey foreign key (revoked_by)
    references users (id) on delete set null
);
create unique index role_permissions_open_key on role_permissions (role_id, permission_id)
  where valid_until is null;
create index role_permissions_permission_id_idx on role_permissions (permission_id);
create index role_permissions_role_id_idx on role_permissions (role_id, permission_id);
create index role_permissions_granted_by_idx on role_permissions (granted_by) where granted_by is not null;
create index role_permissions_revoked_by_idx on role_permissions (revoked_by) where revoked_by is not null;

-- One act of delegation may grant several roles and permissions and ends as a whole.
create table delegations (
  id uuid not null default public.uuid_v7(),
  delegator_id uuid not null,
  delegate_id uuid not null,
  parent_delegation_id uuid,
  kind text not null default 'delegation',
  max_depth integer not null default 0,
  depth integer not null default 0,
  reason text,
  valid_from timestamptz not null default now(),
  valid_until timestamptz not null,
  status text not null default 'active',
  revoked_at timestamptz,
  revoked_by uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint delegations_pkey primary key (id),
  constraint delegations_kind_check check (kind in ('delegation', 'proxy')),
  constraint delegations_max_depth_check check (max_depth between 0 and 3),
  constraint delegations_depth_check check (depth between 0 and 3),
  constraint delegations_status_check check (status in ('pending', 'active', 'expired', 'revoked')),
  constraint delegations_persons_check check (delegator_id <> delegate_id),
  constraint delegations_validity_check check (valid_until > valid_from),
  constraint delegations_delegator_id_fkey foreign key (delegator_id)
    references users (id) on delete restrict,
  constraint delegations_delegate_id_fkey foreign key (delegate_id)
    references users (id) on delete restrict,
  constraint delegations_parent_delegation_id_fkey foreign key (parent_delegation_id)
    references delegations (id) on delete restrict,
  constraint delegations_revoked_by_fkey foreign key (revoked_by) references users (id) on delete set null
);
create index delegations_delegator_id_status_idx on delegations (delegator_id, status);
create index delegations_delegate_id_status_idx on delegations (delegate_id, status);
create index delegations_valid_until_idx on delegations (valid_until) where status = 'active';
create index delegations_parent_delegation_id_idx on delegations (parent_delegation_id)
  where parent_delegation_id is not null;
create index delegations_revoked_by_idx on delegations (revoked_by) where revoked_by is not null;

-- Role assignments; closed (is_active, revoked_at), never deleted.
create table user_roles (
  id uuid not null default public.uuid_v7(),
  user_id uuid not null,
  role_id uuid not null,
  assigned_by uuid,
  assigned_at timestamptz not null default now(),
  assignment_reason text,
  scope_type text not null default 'global',
  resource_scope uuid,
  permissions jsonb not null default '{}',
  valid_from timestamptz not null default now(),
  valid_until timestamptz,
  context_conditions jsonb not null default '{}',
  is_delegated boolean not null default false,
  delegated_by uuid,
  delegation_id uuid,
  delegation_depth integer not null default 0,
  source text not null default 'manual',
  is_active boolean not null default true,
  revoked_at timestamptz,
  revoked_by uuid,
  revocation_reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint user_roles_pkey primary key (id),
  constraint user_roles_scope_type_check check (
    scope_type in ('global', 'client', 'engagement', 'project', 'team', 'resource')
  ),
  constraint user_roles_permissions_check check (jsonb_typeof(permissions) = 'object'),
  constraint user_roles_context_conditions_check check (jsonb_typeof(context_conditions) = 'object'),
  constraint user_roles_delegation_depth_check check (delegation_depth between 0 and 3),
  constraint user_roles_source_check check (
    source in ('manual', 'invitation', 'sso', 'directory', 'delegation', 'auto', 'seed')
  ),
  constraint user_roles_validity_check check (valid_until is null or valid_until > valid_from),
  constraint user_roles_user_id_fkey foreign key (user_id) references users (id) on delete restrict,
  constraint user_roles_role_id_fkey foreign key (role_id) references roles (id) on delete restrict,
  constraint user_roles_assigned_by_fkey foreign key (assigned_by) references users (id) on delete set null,
  constraint user_roles_resource_scope_fkey foreign key (resource_scope)
    references resources (id) on delete restrict,
  constraint user_roles_delegated_by_fkey foreign key (delegated_by)
    references users (id) on delete set null,
  constraint user_roles_delegation_id_fkey foreign key (delegation_id)
    references delegations (id) on delete restrict,
  constraint user_roles_revoked_by_fkey foreign key (revoked_by) references users (id) on delete set null
);
create unique index user_roles_active_key
  on user_roles (user_id, role_id, resource_scope, delegation_id) nulls not distinct
  where is_active;
create index user_roles_user_id_idx on user_roles (user_id);
create index user_roles_role_id_idx on user_roles (role_id);
create index user_roles_assigned_by_idx on user_roles (assigned_by) where assigned_by is not null;
create index user_roles_resource_scope_idx on user_roles (resource_scope) where resource_scope is not null;
create index user_roles_delegated_by_idx on user_roles (delegated_by) where delegated_by is not null;
create index user_roles_delegation_id_idx on user_roles (delegation_id) where delegation_id is not null;
create index user_roles_revoked_by_idx on user_roles (revoked_by) where revoked_by is not null;

-- Permissions granted directly to one user; closed (is_active, revoked_at), never deleted.
create table user_permissions (
  id uuid not null default public.uuid_v7(),
  user_id uuid not null,
  permission_id uuid not null,
  resource_id uuid,
  effect text not null default 'allow',
  granted_by uuid,
  granted_at timestamptz not null default now(),
  grant_reason text,
  valid_from timestamptz not null default now(),
  valid_until timestamptz,
  additional_conditions jsonb not null default '{}',
  delegation_id uuid,
  is_active boolean not null default true,
  revoked_at timestamptz,
  revoked_by uuid,
  revocation_reason text,
  constraint user_permissions_pkey primary key (id),
  constraint user_permissions_effect_check check (effect in ('allow', 'deny')),
  constraint user_permissions_additional_conditions_check check (
    jsonb_typeof(additional_conditions) = 'object'
  ),
  constraint user_permissions_user_id_fkey foreign key (user_id) references users (id) on delete restrict,
  constraint user_permissions_permission_id_fkey foreign key (permission_id)
    references permissions (id) on delete restrict,
  constraint user_permissions_resource_id_fkey foreign key (resource_id)
    references resources (id) on delete restrict,
  constraint user_permissions_granted_by_fkey foreign key (granted_by)
    references users (id) on delete set null,
  constraint user_permissions_delegation_id_fkey foreign key (delegation_id)
    references delegations (id) on delete restrict,
  constraint user_permissions_revoked_by_fkey foreign key (revoked_by)
    references users (id) on delete set null
);
create unique index user_permissions_active_key
  on user_permissions (user_id, permission_id, resource_id, delegation_id) nulls not distinct
  where is_active;
create index user_permissions_user_id_idx on user_permissions (user_id);
create index user_permissions_permission_id_idx on user_permissions (permission_id);
create index user_permissions_resource_id_idx on user_permissions (resource_id);
create index user_permissions_granted_by_idx on user_permissions (granted_by) where granted_by is not null;
create index user_permissions_delegation_id_idx on user_permissions (delegation_id)
  where delegation_id is not null;
create index user_permissions_revoked_by_idx on user_permissions (revoked_by) where revoked_by is not null;

-- Requests to change somebody's role, decided by a third person.
create table role_change_approvals (
  id uuid not null default public.uuid_v7(),
  requested_by uuid not null,
  target_user_id uuid not null,
  current_role_name text not null,
  requested_role_name text not null,
  role_id uuid,
  resource_scope uuid,
  justification text,
  status text not null default 'pending',
  approved_by uuid,
  approval_notes text,
  requested_at timestamptz not null default now(),
  approved_at timestamptz,
  expires_at timestamptz,
  constraint role_change_approvals_pkey primary key (id),
  constraint role_change_approvals_status_check check (
    status in ('pending', 'approved', 'rejected', 'cancelled', 'expired')
  ),
  constraint role_change_approvals_four_eyes_check check (
    approved_by is null or (approved_by <> requested_by and approved_by <> target_user_id)
  ),
  constraint role_change_approvals_requested_by_fkey foreign key (requested_by)
    references users (id) on delete cascade,
  constraint role_change_approvals_target_user_id_fkey foreign key (target_user_id)
    references users (id) on delete cascade,
  constraint role_change_approvals_role_id_fkey foreign key (role_id)
    references roles (id) on delete set null,
  constraint role_change_approvals_resource_scope_fkey foreign key (resource_scope)
    references resources (id) on delete cascade,
  constraint role_change_approvals_approved_by_fkey foreign key (approved_by)
    references users (id) on delete set null
);
create index role_change_approvals_requested_by_idx on role_change_approvals (requested_by);
create index role_change_approvals_target_user_id_idx on role_change_approvals (target_user_id);
create index role_change_approvals_status_requested_at_idx on role_change_approvals (status, requested_at);
create index role_change_approvals_role_id_idx on role_change_approvals (role_id) where role_id is not null;
create index role_change_approvals_resource_scope_idx on role_change_approvals (resource_scope)
  where resource_scope is not null;
create index role_change_approvals_approved_by_idx on role_change_approvals (approved_by)
  where approved_by is not null;

alter table users add constraint users_primary_role_id_fkey
  foreign key (primary_role_id) references roles (id) on delete set null;
create index users_primary_role_id_idx on users (primary_role_id) where primary_role_id is not null;

grant select, insert, update
  on resources, roles, role_parents, permissions, role_permissions
  to :tenant_role;
grant select, insert, update
  on user_roles, user_permissions, delegations, role_change_approvals
  to :tenant_role;

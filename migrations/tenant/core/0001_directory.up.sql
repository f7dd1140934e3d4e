-- The organization's directory of people and machines. id is that of public.identities; no tenant table has a
-- foreign key into public, because each would add triggers to the shared table for every tenant.
create table users (
  id uuid not null default public.uuid_v7(),
  email text not null,
  username text,
  full_name text,
  first_name text,
  last_name text,
  display_name text,
  avatar_url text,
  phone_number text,
  job_title text,
  department text,
  team_id uuid,
  primary_role_id uuid,
  timezone text not null default 'UTC',
  locale text not null default 'en-US',
  status text not null default 'active',
  external_id text,
  provisioned_by text not null default 'invitation',
  default_engagement_id uuid,
  settings jsonb not null default '{}',
  metadata jsonb not null default '{}',
  last_seen_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  constraint users_pkey primary key (id),
  constraint users_status_check check (status in ('pending_approval', 'active', 'inactive', 'suspended')),
  constraint users_provisioned_by_check check (
    provisioned_by in ('seed', 'invitation', 'sso', 'directory', 'import', 'registration')
  ),
  constraint users_settings_check check (jsonb_typeof(settings) = 'object'),
  constraint users_metadata_check check (jsonb_typeof(metadata) = 'object')
);
create unique index users_email_key on users (lower(email)) where deleted_at is null;
create unique index users_username_key on users (lower(username))
  where username is not null and deleted_at is null;
create unique index users_external_id_key on users (external_id)
  where external_id is not null and deleted_at is null;
create index users_status_idx on users (status) where deleted_at is null;
create index users_department_idx on users (department);
create index users_team_id_idx on users (team_id, id);

-- Personal and registration data, one to one with users.
create table user_profiles (
  user_id uuid not null,
  date_of_birth date,
  gender text,
  bio text,
  website_url text,
  linkedin_url text,
  github_url text,
  company text,
  manager_id uuid,
  manager_email text,
  country text,
  state_province text,
  city text,
  postal_code text,
  address_line1 text,
  address_line2 text,
  notification_preferences jsonb not null default '{}',
  privacy_settings jsonb not null default '{}',
  ui_preferences jsonb not null default '{}',
  status text not null default 'active',
  registration_reason text,
  role_description text,
  requested_access_level text not null default 'read_only',
  role_level text not null default 'viewer',
  data_scope text not null default 'client',
  scope_engagement_id uuid,
  approval_requested_at timestamptz,
  approved_at timestamptz,
  approved_by uuid,
  is_deleted boolean not null default false,
  deleted_at timestamptz,
  deleted_by uuid,
  delete_reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint user_profiles_pkey primary key (user_id),
  constraint user_profiles_notification_preferences_check check (
    jsonb_typeof(notification_preferences) = 'object'
  ),
  constraint user_profiles_privacy_settings_check check (jsonb_typeof(privacy_settings) = 'object'),
  constraint user_profiles_ui_preferences_check check (jsonb_typeof(ui_preferences) = 'object'),
  constraint user_profiles_status_check check (
    status in ('pending_approval', 'active', 'rejected', 'suspended', 'deactivated')
  ),
  constraint user_profiles_requested_access_level_check check (
    requested_access_level in ('read_only', 'read_write', 'admin')
  ),
  constraint user_profiles_role_level_check check (
    role_level in ('platform_admin', 'client_admin', 'engagement_manager', 'analyst', 'viewer', 'anonymous')
  ),
  constraint user_profiles_data_scope_check check (
    data_scope in ('demo_only', 'engagement', 'client', 'platform')
  ),
  constraint user_profiles_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint user_profiles_manager_id_fkey foreign key (manager_id)
    references users (id) on delete set null,
  constraint user_profiles_approved_by_fkey foreign key (approved_by)
    references users (id) on delete set null,
  constraint user_profiles_deleted_by_fkey foreign key (deleted_by) references users (id) on delete set null
);
create index user_profiles_manager_id_idx on user_profiles (manager_id);
create index user_profiles_status_idx on user_profiles (status);
create index user_profiles_approved_by_idx on user_profiles (approved_by) where approved_by is not null;
create index user_profiles_deleted_by_idx on user_profiles (deleted_by) where deleted_by is not null;

-- Teams form a tree; the service refuses cycles.
create table teams (
  id uuid not null default public.uuid_v7(),
  name text not null,
  description text,
  parent_team_id uuid,
  lead_id uuid,
  settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  constraint teams_pkey primary key (id),
  constraint teams_settings_check check (jsonb_typeof(settings) = 'object'),
  constraint teams_parent_check check (parent_team_id is null or parent_team_id <> id),
  constraint teams_name_check check (length(btrim(name)) between 1 and 200),
  constraint teams_parent_team_id_fkey foreign key (parent_team_id)
    references teams (id) on delete set null,
  constraint teams_lead_id_fkey foreign key (lead_id) references users (id) on delete set null
);
create unique index teams_name_key on teams (parent_team_id, lower(name)) nulls not distinct
  where deleted_at is null;
create index teams_parent_team_id_idx on teams (parent_team_id, name, id);
create index teams_lead_id_idx on teams (lead_id) where lead_id is not null;

-- Closed by left_at, never deleted, so that a past membership can still be answered.
create table team_members (
  id uuid not null default public.uuid_v7(),
  team_id uuid not null,
  user_id uuid not null,
  role text not null default 'member',
  joined_at timestamptz not null default now(),
  left_at timestamptz,
  added_by uuid,
  removed_by uuid,
  constraint team_members_pkey primary key (id),
  constraint team_members_role_check check (role in ('lead', 'member')),
  constraint team_members_period_check check (left_at is null or left_at >= joined_at),
  constraint team_members_team_id_fkey foreign key (team_id) references teams (id) on delete restrict,
  constraint team_members_user_id_fkey foreign key (user_id) references users (id) on delete restrict,
  constraint team_members_added_by_fkey foreign key (added_by) references users (id) on delete set null,
  constraint team_members_removed_by_fkey foreign key (removed_by) references users (id) on delete set null
);
create unique index team_members_open_key on team_members (team_id, user_id) where left_at is null;
create index team_members_user_id_idx on team_members (user_id, team_id);
create index team_members_team_id_idx on team_members (team_id, user_id);
create index team_members_added_by_idx on team_members (added_by) where added_by is not null;
create index team_members_removed_by_idx on team_members (removed_by) where removed_by is not null;

alter table users add constraint users_team_id_fkey
  foreign key (team_id) references teams (id) on delete set null;

grant select, insert, update on users, teams, team_members to :tenant_role;
grant select, insert, update, delete on user_profiles to :tenant_role;

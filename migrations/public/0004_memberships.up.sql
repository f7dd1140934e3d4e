-- Pending invitations, needed before the invitee has an account.
create table public.invitations (
  id uuid not null default public.uuid_v7(),
  organization_id uuid not null,
  email text not null,
  role text not null default 'member',
  role_names text[] not null default '{}',
  team_ids uuid[] not null default '{}',
  token_hash text not null,
  status text not null default 'pending',
  message text,
  invited_by uuid,
  accepted_by uuid,
  expires_at timestamptz not null,
  responded_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint invitations_pkey primary key (id),
  constraint invitations_token_hash_key unique (token_hash),
  constraint invitations_role_check check (role in ('owner', 'admin', 'member', 'viewer')),
  constraint invitations_status_check check (
    status in ('pending', 'accepted', 'declined', 'revoked', 'expired')
  ),
  constraint invitations_organization_id_fkey foreign key (organization_id)
    references public.organizations (id) on delete cascade,
  constraint invitations_invited_by_fkey foreign key (invited_by)
    references public.identities (id) on delete set null,
  constraint invitations_accepted_by_fkey foreign key (accepted_by)
    references public.identities (id) on delete set null
);
create unique index invitations_open_key on public.invitations (organization_id, lower(email))
  where status = 'pending';
create index invitations_organization_id_status_idx on public.invitations (organization_id, status);
create index invitations_email_idx on public.invitations (lower(email));
create index invitations_invited_by_idx on public.invitations (invited_by) where invited_by is not null;
create index invitations_accepted_by_idx on public.invitations (accepted_by) where accepted_by is not null;

-- Which identity belongs to which organization; role mirrors one user_roles row of the tenant.
create table public.memberships (
  id uuid not null default public.uuid_v7(),
  organization_id uuid not null,
  identity_id uuid not null,
  role text not null default 'member',
  permissions jsonb not null default '{}',
  access_level text not null default 'read_write',
  restricted_environments jsonb not null default '[]',
  restricted_data_types jsonb not null default '[]',
  status text not null default 'active',
  invited_by uuid,
  invitation_id uuid,
  joined_at timestamptz not null default now(),
  granted_at timestamptz not null default now(),
  granted_by uuid,
  expires_at timestamptz,
  last_accessed_at timestamptz,
  access_count bigint not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint memberships_pkey primary key (id),
  constraint memberships_identity_id_organization_id_key unique (identity_id, organization_id),
  constraint memberships_role_check check (role in ('owner', 'admin', 'member', 'viewer')),
  constraint memberships_permissions_check check (jsonb_typeof(permissions) = 'object'),
  constraint memberships_access_level_check check (access_level in ('read_only', 'read_write', 'admin')),
  constraint memberships_restricted_environments_check check (
    jsonb_typeof(restricted_environments) = 'array'
  ),
  constraint memberships_restricted_data_types_check check (jsonb_typeof(restricted_data_types) = 'array'),
  constraint memberships_status_check check (status in ('invited', 'active', 'suspended', 'left')),
  constraint memberships_organization_id_fkey foreign key (organization_id)
    references public.organizations (id) on delete cascade,
  constraint memberships_identity_id_fkey foreign key (identity_id)
    references public.identities (id) on delete cascade,
  constraint memberships_invited_by_fkey foreign key (invited_by)
    references public.identities (id) on delete set null,
  constraint memberships_invitation_id_fkey foreign key (invitation_id)
    references public.invitations (id) on delete set null,
  constraint memberships_granted_by_fkey foreign key (granted_by)
    references public.identities (id) on delete set null
);
create index memberships_organization_id_role_idx on public.memberships (organization_id, role);
create index memberships_organization_id_status_idx on public.memberships (organization_id, status);
create index memberships_invited_by_idx on public.memberships (invited_by) where invited_by is not null;
create index memberships_invitation_id_idx on public.memberships (invitation_id)
  where invitation_id is not null;
create index memberships_granted_by_idx on public.memberships (granted_by) where granted_by is not null;

-- People of the operator who may act across tenants.
create table public.platform_admins (
  identity_id uuid not null,
  level text not null default 'support',
  reason text,
  granted_by uuid,
  granted_at timestamptz not null default now(),
  expires_at timestamptz,
  is_active boolean not null default true,
  constraint platform_admins_pkey primary key (identity_id),
  constraint platform_admins_level_check check (level in ('super_admin', 'operator', 'support', 'auditor')),
  constraint platform_admins_identity_id_fkey foreign key (identity_id)
    references public.identities (id) on delete cascade,
  constraint platform_admins_granted_by_fkey foreign key (granted_by)
    references public.identities (id) on delete set null
);
create index platform_admins_granted_by_idx on public.platform_admins (granted_by)
  where granted_by is not null;

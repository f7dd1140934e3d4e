create table public.modules (
  id uuid not null default public.uuid_v7(),
  name text not null,
  display_name text,
  description text,
  is_core boolean not null default false,
  default_plans text[] not null default '{}',
  current_version integer not null default 1,
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint modules_pkey primary key (id),
  constraint modules_name_key unique (name),
  constraint modules_current_version_check check (current_version > 0)
);

create table public.trials (
  id uuid not null default public.uuid_v7(),
  module_id uuid not null,
  slug text not null,
  name text not null,
  icon_url text,
  description text,
  duration_days integer,
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint trials_pkey primary key (id),
  constraint trials_slug_key unique (slug),
  constraint trials_duration_days_check check (duration_days > 0),
  constraint trials_module_id_fkey foreign key (module_id) references public.modules (id) on delete cascade
);
create index trials_module_id_idx on public.trials (module_id);

-- Entitlement; what is installed is in tenant_schemas.modules.
create table public.module_access (
  id uuid not null default public.uuid_v7(),
  organization_id uuid not null,
  module_id uuid not null,
  trial_id uuid,
  access_level text not null default 'full',
  granted_at timestamptz not null default now(),
  granted_by uuid,
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint module_access_pkey primary key (id),
  constraint module_access_organization_id_module_id_key unique (organization_id, module_id),
  constraint module_access_access_level_check check (
    access_level in ('full', 'trial', 'read_only', 'none')
  ),
  constraint module_access_organization_id_fkey foreign key (organization_id)
    references public.organizations (id) on delete cascade,
  constraint module_access_module_id_fkey foreign key (module_id)
    references public.modules (id) on delete restrict,
  constraint module_access_trial_id_fkey foreign key (trial_id)
    references public.trials (id) on delete set null,
  constraint module_access_granted_by_fkey foreign key (granted_by)
    references public.identities (id) on delete set null
);
create index module_access_module_id_idx on public.module_access (module_id);
create index module_access_expires_at_idx on public.module_access (expires_at) where expires_at is not null;
create index module_access_trial_id_idx on public.module_access (trial_id) where trial_id is not null;
create index module_access_granted_by_idx on public.module_access (granted_by) where granted_by is not null;

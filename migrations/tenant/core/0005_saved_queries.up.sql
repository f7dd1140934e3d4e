-- GraphQL documents with variables, kept by their owner.
create table saved_queries (
  id uuid not null default public.uuid_v7(),
  name text not null,
  description text,
  document text not null,
  variables jsonb not null default '{}',
  owner_id uuid not null,
  visibility text not null default 'private',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint saved_queries_pkey primary key (id),
  constraint saved_queries_owner_id_name_key unique (owner_id, name),
  constraint saved_queries_variables_check check (jsonb_typeof(variables) = 'object'),
  constraint saved_queries_visibility_check check (visibility in ('private', 'shared', 'public')),
  constraint saved_queries_owner_id_fkey foreign key (owner_id) references users (id) on delete cascade
);
create index saved_queries_visibility_idx on saved_queries (visibility);

grant select, insert, update, delete on saved_queries to :tenant_role;

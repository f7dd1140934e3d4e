-- Tools of the organization itself, read together with those of public.tool_catalog: the columns are the same.
create table in_house_tools (
  id uuid not null default public.uuid_v7(),
  name text not null,
  type text not null default 'other',
  vendor text,
  description text,
  website text,
  api_available boolean not null default false,
  integration_method text,
  aliases text[] not null default '{}',
  extra jsonb not null default '{}',
  origin text not null default 'in_house',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  constraint in_house_tools_pkey primary key (id),
  constraint in_house_tools_name_check check (length(btrim(name)) between 1 and 200),
  constraint in_house_tools_type_check check (
    type in (
      'llm', 'assistant', 'code_assistant', 'image', 'audio', 'video', 'search', 'agent',
      'embedding', 'other'
    )
  ),
  constraint in_house_tools_extra_check check (jsonb_typeof(extra) = 'object'),
  constraint in_house_tools_origin_check check (origin = any (array['in_house']))
);
create unique index in_house_tools_name_key on in_house_tools (lower(name)) where deleted_at is null;
create index in_house_tools_name_idx on in_house_tools (name, id) where deleted_at is null;
-- The expression is that of src/entity/search.ts, letter for letter.
create index in_house_tools_search_idx on in_house_tools using gin (
  to_tsvector('simple'::regconfig, translate(coalesce(left(name, 10000), '') || ' ' || coalesce(left(vendor, 10000), '') || ' ' || coalesce(left(description, 10000), ''), '-_./@<>&:', '         '))
);

grant select, insert, update on in_house_tools to :tenant_role;

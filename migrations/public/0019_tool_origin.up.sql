-- Says of each tool of the shared catalogue that it is one, where it is read together with an organization's own.
alter table public.tool_catalog add column origin text not null default 'shared'
  constraint tool_catalog_origin_check check (origin = any (array['shared']));

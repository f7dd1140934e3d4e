-- A spare schema has its default rows already; this tells from which scripts and templates they were made.
alter table public.spare_schemas add column default_rows text;

alter table public.spare_schemas drop column default_rows;

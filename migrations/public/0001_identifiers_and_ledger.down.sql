drop table public.schema_migrations;
drop function public.uuid_of_name(text), public.uuid_v7();

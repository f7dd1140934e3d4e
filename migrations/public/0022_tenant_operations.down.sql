alter table public.tenant_schemas drop column deleted_from;
drop table public.tenant_operations;

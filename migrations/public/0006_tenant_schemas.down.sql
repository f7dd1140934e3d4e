drop table public.tenant_wakeups, public.spare_schemas, public.tenant_schemas;

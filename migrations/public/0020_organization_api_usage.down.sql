drop table public.organization_api_usage;

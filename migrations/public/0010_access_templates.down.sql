drop table public.default_permissions, public.default_roles, public.resource_types;

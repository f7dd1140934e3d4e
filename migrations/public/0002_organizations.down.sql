drop table public.organization_domains, public.organizations;

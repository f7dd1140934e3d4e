drop table public.services, public.configuration_settings;

drop table public.module_access, public.trials, public.modules;

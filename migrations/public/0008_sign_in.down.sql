drop table public.sessions, public.sso_tickets, public.sso_accounts, public.sso_providers;

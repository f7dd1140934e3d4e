drop table public.platform_audit_logs;

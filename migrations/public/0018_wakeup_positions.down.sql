drop index public.tenant_wakeups_transaction_id_idx;
alter table public.tenant_wakeups drop column transaction_id;

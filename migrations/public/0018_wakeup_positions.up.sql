-- The transaction that wrote a wake-up. A gateway reads on from the oldest transaction that was still running when
-- it last looked, and so sees every wake-up whatever the order of commits; ids are not in that order.
alter table public.tenant_wakeups
  add column transaction_id xid8 not null default pg_current_xact_id();
create index tenant_wakeups_transaction_id_idx on public.tenant_wakeups (transaction_id);

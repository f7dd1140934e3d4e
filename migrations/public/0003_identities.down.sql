drop index public.organizations_created_by_idx;
alter table public.organizations drop constraint organizations_created_by_fkey;
drop table public.identity_tokens, public.identities;

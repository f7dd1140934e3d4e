drop table public.scim_tokens, public.api_key_usage, public.api_keys;

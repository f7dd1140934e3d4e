drop index public.sso_providers_issuer_idx;
drop function public.find_identity_by_subject(text, text), public.find_api_key(text);

drop function public.find_identity_by_subject(text, text), public.find_api_key(text);

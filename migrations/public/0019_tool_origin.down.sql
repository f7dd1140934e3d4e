alter table public.tool_catalog drop column origin;

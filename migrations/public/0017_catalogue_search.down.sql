drop index public.llm_models_search_idx;
drop index public.tool_catalog_search_idx;

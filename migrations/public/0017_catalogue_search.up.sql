-- Full-text search in the shared catalogue: the expressions are those of src/entity/search.ts, letter for letter.
create index tool_catalog_search_idx on public.tool_catalog using gin (
  to_tsvector('simple'::regconfig, translate(coalesce(left(name, 10000), '') || ' ' || coalesce(left(vendor, 10000), '') || ' ' || coalesce(left(description, 10000), ''), '-_./@<>&:', '         '))
);
create index llm_models_search_idx on public.llm_models using gin (
  to_tsvector('simple'::regconfig, translate(coalesce(left(model_name, 10000), '') || ' ' || coalesce(left(display_name, 10000), '') || ' ' || coalesce(left(description, 10000), ''), '-_./@<>&:', '         '))
);

drop table
  public.exchange_rates,
  public.llm_price_components,
  public.llm_model_pricing,
  public.llm_models,
  public.provider_credentials,
  public.llm_providers,
  public.tool_catalog;

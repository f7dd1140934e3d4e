drop table price_override_components, price_overrides;

drop table usage_ingest_keys, usage_payloads, usage_events;

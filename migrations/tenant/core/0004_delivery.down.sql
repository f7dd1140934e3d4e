drop table webhook_deliveries, webhook_endpoints, idempotency_keys, outbox_events;

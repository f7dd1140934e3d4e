drop table soft_deleted_items, security_events, change_tracking, audit_checkpoints, audit_logs;

drop table api_usage_logs, usage_sessions;

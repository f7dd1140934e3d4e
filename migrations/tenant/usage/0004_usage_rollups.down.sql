drop table usage_rollups_daily, usage_rollups_hourly;

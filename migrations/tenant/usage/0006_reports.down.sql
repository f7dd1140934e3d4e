drop table report_executions, analytics_reports;

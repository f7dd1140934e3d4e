drop table tool_policies;

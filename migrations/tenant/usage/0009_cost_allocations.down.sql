drop table cost_allocations;

drop table cost_centers;

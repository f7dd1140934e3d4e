drop table budget_reservations, budget_alerts, budget_periods, budgets;

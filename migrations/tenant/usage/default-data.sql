-- Cost centres of every tenant with this module. Safe to apply again: ids follow from codes.

/* default_data.cost_centers: amounts in USD */
insert into cost_centers (id, name, code, monthly_budget, annual_budget, currency)
select public.uuid_of_name('orgscope:cost-center:' || code), name, code, monthly, 12 * monthly, 'USD'
from (
  values
    ('Engineering', 'ENG', 10000),
    ('Marketing', 'MKT', 5000),
    ('Sales', 'SALES', 3000),
    ('Operations', 'OPS', 8000),
    ('Research', 'R&D', 15000),
    ('General', 'GEN', 2000)
) as cost_center (name, code, monthly)
on conflict do nothing;

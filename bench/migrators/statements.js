/** The migration every side of bench/fleet.js does: a column and its index, named so that none meets another's. */
export function statements(suffix, table = 'budgets') {
  return [
    `alter table ${table} add column bench_${suffix} text`,
    `create index budgets_bench_${suffix}_idx on ${table} (bench_${suffix})`,
  ]
}

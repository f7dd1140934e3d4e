import { sql, type RawBuilder } from 'kysely'
import type { ColumnMeta } from './column.js'

/** What can be computed over the values of a group, and what to call it in documentation. */
export const COMPUTATIONS = {
  sum: { sql: 'sum(?)', type: 'Totals', description: 'Sums.' },
  avg: { sql: 'avg(?)', type: 'Averages', description: 'Averages; objects without a value do not count.' },
  min: { sql: 'min(?)', type: 'Totals', description: 'Smallest values.' },
  max: { sql: 'max(?)', type: 'Totals', description: 'Largest values.' },
  p50: { sql: percentile(0.5), type: 'Totals', description: 'Medians: half of the values are at most this.' },
  p90: { sql: percentile(0.9), type: 'Totals', description: 'Nine of ten values are at most this.' },
  p95: { sql: percentile(0.95), type: 'Totals', description: '95 of 100 values are at most this.' },
  p99: { sql: percentile(0.99), type: 'Totals', description: '99 of 100 values are at most this.' },
} as const

export type Computation = keyof typeof COMPUTATIONS
export const computations = Object.keys(COMPUTATIONS) as readonly Computation[]

/** The smallest value that is not below this share of all: one that occurred, and exact, which an interpolated one is not. */
function percentile(share: number): string {
  return `percentile_disc(${share}) within group (order by ?)`
}

/** One number per group: how many objects, how many different values, or something computed over values. */
export type Measure =
  | { readonly of: 'count' }
  | { readonly of: 'countDistinct'; readonly column: ColumnMeta }
  | { readonly of: Computation; readonly column: ColumnMeta }

/** Name of a measure's column in the statement's result. */
export function measureName(measure: Measure): string {
  return measure.of === 'count' ? '$count' : `${measure.of}.${measure.column.field}`
}

/** Puts measures into SQL. */
export type MeasureSql = (measure: Measure) => RawBuilder<unknown>

/**
 * A measure in SQL.
 *
 * @param factor - what amounts of money are multiplied with
 */
export function measureSql(measure: Measure, factor?: string): RawBuilder<unknown> {
  if (measure.of === 'count') return sql`count(*)`
  const { of, column } = measure
  const stored = `e.${column.column}`
  const ref = factor !== undefined && column.kind === 'money' ? `(${stored} * ${factor})` : stored
  if (of === 'countDistinct') return sql.raw(`count(distinct ${ref})`)
  const whole = column.kind === 'int' && of !== 'sum' && of !== 'avg'
  return sql.raw(`${COMPUTATIONS[of].sql.replace('?', ref)}${whole ? '::bigint' : ''}`)
}

/** Whether a measure is an amount of money, which is never mixed across currencies. */
export function isMoney(
  measure: Measure,
): measure is Extract<Measure, { readonly column: ColumnMeta }> & { readonly of: Computation } {
  return measure.of !== 'count' && measure.of !== 'countDistinct' && measure.column.kind === 'money'
}

/** What a measure is compared with in `having`: numbers of objects are whole, everything else may have a fraction. */
export function comparedAs(measure: Measure): 'int' | 'decimal' {
  return measure.of === 'count' || measure.of === 'countDistinct' ? 'int' : 'decimal'
}

import { sql, type RawBuilder } from 'kysely'
import { bulkInsert, type BulkColumn } from '../../database/bulk-insert.js'
import { DAY, HOUR, formatTimestamp, type Microseconds } from '../../database/timestamp.js'
import { ZERO, type Exact } from '../catalog/exact-decimal.js'
import type { UsageRecord } from './usage-record.js'

/** Totals of the events of one period that agree in all dimensions of a rollup. */
export interface Totals {
  /** Start of the period. */
  readonly period: Microseconds
  /** Any event of the group: it has the group's dimensions. */
  readonly like: UsageRecord
  requests: number
  successful: number
  unpriced: number
  inputTokens: number
  outputTokens: number
  cachedInputTokens: number
  /** Of the priced events. */
  cost: Exact
  responseTimeMs: number
  timed: number
  fastest: number | null
  slowest: number | null
  last: Microseconds
}

type Dimension = (event: UsageRecord) => string | null

const HOURLY: readonly Dimension[] = [
  ({ toolId }) => toolId,
  ({ teamId }) => teamId,
  ({ provider }) => provider,
  ({ modelName }) => modelName,
  ({ actionType }) => actionType,
  ({ source }) => source,
  ({ currency }) => currency,
]
const DAILY: readonly Dimension[] = [
  ({ userId }) => userId,
  ({ toolId }) => toolId,
  ({ provider }) => provider,
  ({ modelName }) => modelName,
  ({ currency }) => currency,
]

/**
 * Adds events up by period and dimensions. The groups come sorted by their key: batches that meet in several
 * rollup rows then lock them in the same order and cannot deadlock.
 */
function totalsOf(
  events: readonly UsageRecord[],
  length: Microseconds,
  dimensions: readonly Dimension[],
): Totals[] {
  const groups = new Map<string, Totals>()
  for (const event of events) {
    const period = event.said.at - (event.said.at % length)
    // NUL cannot stand in any value, so it can part them; it also tells an absent value from an empty one.
    const key = `${String(period).padStart(16, '0')}\0${dimensions.map((of) => of(event) ?? '\0').join('\0')}`
    const known = groups.get(key)
    if (known === undefined) groups.set(key, firstOf(period, event))
    else add(known, event)
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, totals]) => totals)
}

function firstOf(period: Microseconds, like: UsageRecord): Totals {
  const none = {
    requests: 0,
    successful: 0,
    unpriced: 0,
    inputTokens: 0,
    outputTokens: 0,
    cachedInputTokens: 0,
  }
  const times = { responseTimeMs: 0, timed: 0, fastest: null, slowest: null }
  const totals: Totals = { period, like, ...none, cost: ZERO, ...times, last: like.said.at }
  add(totals, like)
  return totals
}

function add(totals: Totals, { said, totalCost }: UsageRecord): void {
  totals.requests++
  if (said.success !== false) totals.successful++
  if (totalCost === null) totals.unpriced++
  else totals.cost = totals.cost.plus(totalCost)
  totals.inputTokens += said.inputTokens
  totals.outputTokens += said.outputTokens
  totals.cachedInputTokens += said.cachedInputTokens
  if (said.at > totals.last) totals.last = said.at
  const time = said.responseTimeMs
  if (time == null) return
  totals.responseTimeMs += time
  totals.timed++
  totals.fastest = Math.min(totals.fastest ?? time, time)
  totals.slowest = Math.max(totals.slowest ?? time, time)
}

const MEASURES: readonly BulkColumn<Totals>[] = [
  { name: 'total_requests', type: 'bigint', value: ({ requests }) => requests },
  { name: 'successful_requests', type: 'bigint', value: ({ successful }) => successful },
  {
    name: 'failed_requests',
    type: 'bigint',
    value: ({ requests, successful }) => requests - successful,
  },
  { name: 'unpriced_requests', type: 'bigint', value: ({ unpriced }) => unpriced },
  { name: 'total_input_tokens', type: 'bigint', value: ({ inputTokens }) => inputTokens },
  { name: 'total_output_tokens', type: 'bigint', value: ({ outputTokens }) => outputTokens },
  { name: 'total_cached_input_tokens', type: 'bigint', value: ({ cachedInputTokens }) => cachedInputTokens },
  {
    name: 'total_tokens',
    type: 'bigint',
    value: ({ inputTokens, outputTokens }) => inputTokens + outputTokens,
  },
  { name: 'total_cost', type: 'numeric', value: ({ cost }) => cost.toFixed() },
  { name: 'total_response_time_ms', type: 'bigint', value: ({ responseTimeMs }) => responseTimeMs },
  { name: 'timed_requests', type: 'bigint', value: ({ timed }) => timed },
]
const EXTREMES: readonly BulkColumn<Totals>[] = [
  { name: 'min_response_time_ms', type: 'integer', value: ({ fastest }) => fastest },
  { name: 'max_response_time_ms', type: 'integer', value: ({ slowest }) => slowest },
  { name: 'last_event_at', type: 'timestamptz', value: ({ last }) => formatTimestamp(last) },
]
const SHARED: readonly BulkColumn<Totals>[] = [
  { name: 'tool_id', type: 'uuid', value: ({ like }) => like.toolId },
  { name: 'provider', type: 'text', value: ({ like }) => like.provider },
  { name: 'model_name', type: 'text', value: ({ like }) => like.modelName },
  { name: 'currency', type: 'char(3)', value: ({ like }) => like.currency },
]
const HOURLY_COLUMNS: readonly BulkColumn<Totals>[] = [
  { name: 'period_start', type: 'timestamptz', value: ({ period }) => formatTimestamp(period) },
  { name: 'team_id', type: 'uuid', value: ({ like }) => like.teamId },
  { name: 'action_type', type: 'text', value: ({ like }) => like.actionType },
  { name: 'source', type: 'text', value: ({ like }) => like.source },
]
const DAILY_COLUMNS: readonly BulkColumn<Totals>[] = [
  { name: 'period_start', type: 'date', value: ({ period }) => formatTimestamp(period).slice(0, 10) },
  { name: 'user_id', type: 'uuid', value: ({ like }) => like.userId },
]

/** Adds what a rollup row already holds to what a batch brings. */
function addTo(table: string): RawBuilder<unknown> {
  const sums = MEASURES.map(({ name }) => `${name} = ${table}.${name} + excluded.${name}`)
  return sql.raw(`do update set ${sums.join(', ')},
      min_response_time_ms = least(${table}.min_response_time_ms, excluded.min_response_time_ms),
      max_response_time_ms = greatest(${table}.max_response_time_ms, excluded.max_response_time_ms),
      last_event_at = greatest(${table}.last_event_at, excluded.last_event_at),
      updated_at = now()`)
}

/** Adds events to the hourly rollup, which knows no people; hours are UTC. */
export function addToHourlyRollup(events: readonly UsageRecord[]): RawBuilder<unknown> {
  return bulkInsert(
    'usage.rollups.hourly',
    'usage_rollups_hourly',
    [...HOURLY_COLUMNS, ...SHARED, ...MEASURES, ...EXTREMES],
    totalsOf(events, HOUR, HOURLY),
    sql`on conflict (period_start, tool_id, team_id, provider, model_name, action_type, source, currency)
      ${addTo('usage_rollups_hourly')}`,
  )
}

/** Adds events to the daily rollup by person; days are UTC. */
export function addToDailyRollup(events: readonly UsageRecord[]): RawBuilder<unknown> {
  return bulkInsert(
    'usage.rollups.daily',
    'usage_rollups_daily',
    [...DAILY_COLUMNS, ...SHARED, ...MEASURES, ...EXTREMES],
    totalsOf(events, DAY, DAILY),
    sql`on conflict (period_start, user_id, tool_id, provider, model_name, currency)
      ${addTo('usage_rollups_daily')}`,
  )
}

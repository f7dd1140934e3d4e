import pg from 'pg'
import { schemaOf } from '../../dist/tenancy/tenant-id.js'

/** Columns an import fills, as SQL over the rows it left behind; all others get their defaults on both sides. */
const EVENTS = {
  id: ['uuid', 'id'],
  occurred_at: ['timestamptz', 'occurred_at'],
  model_id: ['uuid', 'model_id'],
  provider: ['text', 'provider'],
  model_name: ['text', 'model_name'],
  service: ['text', 'service'],
  action_type: ['text', 'action_type'],
  source: ['text', 'source'],
  input_tokens: ['bigint', 'input_tokens'],
  output_tokens: ['bigint', 'output_tokens'],
  total_tokens: ['bigint', 'total_tokens'],
  input_cost: ['numeric', 'input_cost'],
  output_cost: ['numeric', 'output_cost'],
  total_cost: ['numeric', 'total_cost'],
  price_id: ['uuid', 'price_id'],
  cost_source: ['text', 'cost_source'],
}
const KEYS = {
  event_id: ['text', 'event_id'],
  source: ['text', 'source'],
  content_hash: ['bytea', 'content_hash'],
  usage_event_id: ['uuid', 'id'],
  occurred_at: ['timestamptz', 'occurred_at'],
}
const MEASURES = {
  total_requests: ['bigint', 'count(*)'],
  successful_requests: ['bigint', 'count(*) filter (where success)'],
  total_input_tokens: ['bigint', 'sum(input_tokens)'],
  total_output_tokens: ['bigint', 'sum(output_tokens)'],
  total_tokens: ['bigint', 'sum(total_tokens)'],
  total_cost: ['numeric', 'trim_scale(sum(total_cost))'],
}
const LAST = { last_event_at: ['timestamptz', 'max(occurred_at)'] }
const HOURLY = {
  period_start: ['timestamptz', `date_trunc('hour', occurred_at, 'UTC')`],
  provider: ['text', 'provider'],
  model_name: ['text', 'model_name'],
  action_type: ['text', 'action_type'],
  source: ['text', 'source'],
}
const DAILY = {
  period_start: ['date', `(occurred_at at time zone 'UTC')::date`],
  provider: ['text', 'provider'],
  model_name: ['text', 'model_name'],
}

/** The four inserts of a batch. */
const INSERTS = [
  {
    table: 'usage_ingest_keys',
    columns: KEYS,
    conflict: 'on conflict (source, event_id) do nothing returning source, event_id',
  },
  { table: 'usage_events', columns: EVENTS, conflict: '' },
  {
    table: 'usage_rollups_hourly',
    columns: { ...HOURLY, ...MEASURES, ...LAST },
    groupBy: HOURLY,
    conflict: addTo(
      'usage_rollups_hourly',
      'period_start, tool_id, team_id, provider, model_name, action_type, source, currency',
    ),
  },
  {
    table: 'usage_rollups_daily',
    columns: { ...DAILY, ...MEASURES, ...LAST },
    groupBy: DAILY,
    conflict: addTo('usage_rollups_daily', 'period_start, user_id, tool_id, provider, model_name, currency'),
  },
]

function addTo(table, key) {
  const sums = Object.keys(MEASURES).map((name) => `${name} = ${table}.${name} + excluded.${name}`)
  const last = `last_event_at = greatest(${table}.last_event_at, excluded.last_event_at)`
  return `on conflict (${key}) do update set ${[...sums, last].join(', ')}`
}

/**
 * The rows an import left behind, as the least that has to be sent to write them again: per batch one transaction
 * with one multi-row INSERT … ON CONFLICT for each of the four tables, its values ready as text.
 */
export class BareImport {
  #pool
  #batches

  /** Reads the rows of one tenant and makes them ready to be written to another. */
  static async of(database, from, to, batchSize) {
    const bare = new BareImport()
    bare.#pool = database.adopt(new pg.Pool({ connectionString: database.adminUrl, max: 2, pipeline: true }))
    bare.#batches = await readBatches(database.admin, { from: schemaOf(from), to: schemaOf(to), batchSize })
    return bare
  }

  /** Writes all rows, with so many transactions at a time. */
  async write(transactions) {
    let next = 0
    const loop = async () => {
      const client = await this.#pool.connect()
      try {
        while (next < this.#batches.length) await writeBatch(client, this.#batches[next++])
      } finally {
        client.release()
      }
    }
    await Promise.all(Array.from({ length: transactions }, loop))
  }
}

/** Sent at once and answered in order: a batch is one round trip. */
async function writeBatch(client, statements) {
  const texts = ['begin', ...statements, 'commit']
  await Promise.all(texts.map((query) => client.query(query)))
}

/** The inserts of each batch, in the order of the events' ids, which is that of the file. */
async function readBatches(admin, { from, to, batchSize }) {
  const batches = []
  for (const insert of INSERTS) {
    const { rows } = await admin.query(`
      with numbered as (
        select e.*, k.event_id, k.content_hash, row_number() over (order by e.id) - 1 as position
        from ${from}.usage_events e join ${from}.usage_ingest_keys k on k.usage_event_id = e.id
      ), shaped as (${shape(insert, Math.trunc(batchSize))})
      select ${Object.keys(insert.columns).map(collect).join(', ')} from shaped group by batch order by batch`)
    rows.forEach((row, index) => (batches[index] ??= []).push(statementOf(insert, to, row)))
  }
  return batches
}

/** Rows of one table as they are inserted, each with its batch and its position there. */
function shape({ columns, groupBy }, batchSize) {
  const list = Object.entries(columns).map(([name, [type, source]]) => `(${source})::${type} as ${name}`)
  const batch = `position / ${batchSize}`
  const groups = groupBy === undefined ? '' : Object.values(groupBy).map(([, source]) => `, ${source}`)
  const position = groupBy === undefined ? 'position' : 'min(position) as position'
  return (
    `select ${batch} as batch, ${position}, ${list.join(', ')} from numbered ` +
    (groupBy === undefined ? '' : `group by ${batch}${groups.join('')}`)
  )
}

/** A column of a batch as the text of an array, and its value where it is the same in every row. */
function collect(name) {
  return (
    `array_agg(${name} order by position)::text as ${name}, ` +
    `case when min(${name}::text) = max(${name}::text) then min(${name}::text) end as ${name}_same`
  )
}

/** A value that all rows share is sent once, as the import does. */
function statementOf({ table, columns, conflict }, schema, row) {
  const values = []
  const arrays = []
  const names = Object.keys(columns)
  const selected = names.map((name, index) => {
    const [type] = columns[name]
    const same = row[`${name}_same`]
    values.push(same !== null && index > 0 ? same : row[name])
    if (same !== null && index > 0) return `$${values.length}::${type}`
    arrays.push({ alias: name, text: `$${values.length}::${type}[]` })
    return `u.${name}`
  })
  const text =
    `insert into ${schema}.${table} (${names.join(', ')}) select ${selected.join(', ')} ` +
    `from unnest(${arrays.map((array) => array.text).join(', ')}) as u (${arrays.map(({ alias }) => alias).join(', ')}) ` +
    conflict
  return { text, values }
}

import { createServer } from 'node:http'
import pg from 'pg'
import { announce, schemaOf } from './announce.js'

/**
 * The least there is to do for query b, as a ceiling: `node json-aggregate.js <settings as JSON>` with
 * `{ gatewayUrl }`. Raw http, no GraphQL, no credentials; one join written by hand whose answer Postgres makes as JSON
 * text, in a tenant's transaction that is sent in one go: read only, one snapshot, search path, row-level keys, time
 * limit and role.
 */
const { gatewayUrl } = JSON.parse(process.argv[2])
const pool = new pg.Pool({
  connectionString: gatewayUrl,
  max: 10,
  application_name: 'bench ceiling',
  pipeline: true,
})

const LATEST = `select json_build_object('data', json_build_object('usageEvents', json_agg(event)))::text as body
  from (
    select json_build_object(
      'id', e.id, 'occurredAt', e.occurred_at, 'inputTokens', e.input_tokens, 'outputTokens', e.output_tokens,
      'totalCost', e.total_cost::text,
      'user', json_build_object('displayName', u.display_name, 'email', u.email, 'team', json_build_object('name', m.name)),
      'tool', json_build_object('name', t.name, 'vendor', t.vendor)
    ) as event
    from (select * from usage_events order by occurred_at desc, id desc limit $1) e
    left join users u on u.id = e.user_id
    left join teams m on m.id = u.team_id
    left join tool_catalog t on t.id = e.tool_id
    order by e.occurred_at desc, e.id desc
  ) events`

const preambleOf = (schema) => `begin transaction isolation level repeatable read read only;
  set local search_path = ${schema}, public; set local orgscope.organization_id = ''; set local orgscope.identity_id = '';
  set local statement_timeout = 10000; set local role ${schema}`

async function latestOf(schema, first) {
  const client = await pool.connect()
  const entered = client.query(preambleOf(schema))
  const answer = client.query({ text: LATEST, values: [first] })
  const ended = client.query('commit')
  void Promise.all([entered, answer, ended]).then(
    () => client.release(),
    () => client.release(true),
  )
  return (await answer).rows[0].body
}

const server = createServer(async (request, response) => {
  const parts = []
  for await (const part of request) parts.push(part)
  const body = await latestOf(schemaOf(request), JSON.parse(Buffer.concat(parts)).variables.first)
  response.setHeader('content-type', 'application/json')
  response.end(body)
})
await announce(server)

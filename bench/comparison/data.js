import { schemaOf } from '../../dist/tenancy/tenant-id.js'

/** How much each organization holds, and the catalogue all of them share. */
export const FULL_SIZE = { tenants: 20, teams: 200, users: 2_000, tools: 50, events: 50_000 }
export const QUICK_SIZE = { tenants: 2, teams: 25, users: 250, tools: 10, events: 1_000 }

/** Objects that are asked for in each organization, so that not every request is the same. */
const SAMPLES = 5
const AT_ONCE = 2
/** What the names of our people and tools begin with; an organization also has its owner, who used nothing. */
const PERSON = 'Person Number '
const TOOL = 'Compared Tool '

/** Adds the shared tools and fills the organizations, then leaves the tables as autovacuum would. */
export async function fillTenants({ admin }, tenants, size) {
  await admin.query(
    `insert into public.tool_catalog (name, type, vendor)
     select '${TOOL}' || lpad(n::text, 3, '0'), 'assistant', 'Vendor ' || (1 + n % 7) from generate_series(1, $1) n`,
    [size.tools],
  )
  const waiting = tenants.map(({ tenant }, index) => ({ tenant, index }))
  const loop = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await fillTenant(admin, next, size)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, loop))
  await admin.query('vacuum analyze public.tool_catalog')
  await admin.query('checkpoint')
}

/**
 * Ids of teams and people rise in the order of creation, as ids of version 7 do, so that every server can list them
 * in the same order by an index. Foreign keys are not checked row by row: every reference is taken from its table.
 */
async function fillTenant(admin, { tenant, index }, { teams, users, events }) {
  const schema = schemaOf(tenant)
  const id = `('018d0000-0000-7000-${(0x8000 + index).toString(16)}-' || lpad(to_hex(n), 12, '0'))::uuid`
  await admin.query(`begin;
    set local session_replication_role = replica;
    set local search_path = ${schema}, public;
    insert into teams (id, name) select ${id}, 'Team ' || n || ' of ${tenant}' from generate_series(1, ${teams}) n;
    insert into users (id, email, full_name, display_name, department, team_id, created_at)
      select ${id}, 'person' || n || '@${tenant}.example', '${PERSON}' || n, 'Person ' || n || ' of ${tenant}',
        'Department ' || n % 8, t.id, timestamptz '2024-01-01 00:00Z' + n * interval '61.007 seconds'
      from generate_series(1, ${users}) n
      join (select id, row_number() over (order by id) as k from teams where name like 'Team %') t on t.k = 1 + n % ${teams};
    insert into team_members (team_id, user_id, joined_at)
      select team_id, id, created_at from users where full_name like '${PERSON}%' order by id;
    insert into usage_events (occurred_at, recorded_at, user_id, team_id, department, tool_id, tool_name, provider,
        model_name, input_tokens, output_tokens, total_tokens, input_cost, output_cost, total_cost, cost_source)
      select at, at, u.id, u.team_id, u.department, t.id, t.name, 'openai', 'gpt-4o-mini', i, o, i + o, i * 0.00000015,
        o * 0.0000006, i * 0.00000015 + o * 0.0000006, 'priced'
      from (select n, timestamptz '2025-01-01 00:00Z' + n * interval '300.007 seconds' as at,
              n * 7 % 4001 + ${index} as i, n * 11 % 701 as o from generate_series(1, ${events}) n) e
      join (select id, team_id, department, row_number() over (order by id) as k from users
            where full_name like '${PERSON}%') u on u.k = 1 + (n::bigint * 7919) % ${users}
      join (select id, name, row_number() over (order by name) as k, count(*) over () as tools
            from tool_catalog where name like '${TOOL}%') t on t.k = 1 + (n + n / ${users}) % t.tools
      order by n;
    commit`)
  await admin.query(
    `vacuum analyze ${schema}.teams, ${schema}.users, ${schema}.team_members, ${schema}.usage_events`,
  )
}

/**
 * For each organization: people to ask for by id, and events to insert. The events lie before all others, so that
 * inserting them changes no other answer but the totals.
 */
export async function takeSamples({ admin }, tenants) {
  const { rows: tools } = await admin.query(
    `select id, name from public.tool_catalog where name like '${TOOL}%' order by name limit $1`,
    [SAMPLES],
  )
  const samples = []
  for (const { tenant } of tenants) {
    const { rows: people } = await admin.query(
      `select id, team_id, department from ${schemaOf(tenant)}.users where full_name like '${PERSON}%'
       order by id limit $1`,
      [SAMPLES],
    )
    samples.push({
      tenant,
      people: people.map(({ id }) => ({ id })),
      events: people.map((person, n) => eventOf(person, tools[n], n)),
    })
  }
  return samples
}

/** What a sender says of one event; all of it is given, so that a server that derives nothing stores the same row. */
function eventOf({ id, team_id: teamId, department }, tool, n) {
  return {
    occurredAt: `2024-06-0${1 + n}T08:15:00.250Z`,
    userId: id,
    teamId,
    department,
    toolId: tool.id,
    toolName: tool.name,
    inputTokens: 1_200 + n,
    outputTokens: 340 + n,
  }
}

/** Columns that tell what an inserted event is, whoever inserted it. */
const TOLD = `occurred_at, user_id, username, team_id, department, tool_id, tool_name, model_id, provider, model_name,
  service, action_type, operation_type, source, input_tokens, output_tokens, cached_input_tokens, total_tokens,
  total_cost, currency, cost_source, response_time_ms, success, error_type, metadata, anonymized`

/** The stored event with this id, or undefined. */
export async function storedEvent({ admin }, tenant, id) {
  const { rows } = await admin.query(`select ${TOLD} from ${schemaOf(tenant)}.usage_events where id = $1`, [
    id,
  ])
  return rows[0]
}

/** How many events the organizations hold together. */
export async function countEvents({ admin }, tenants) {
  const counts = await Promise.all(
    tenants.map(({ tenant }) =>
      admin.query(`select count(*) as events from ${schemaOf(tenant)}.usage_events`),
    ),
  )
  return counts.reduce((sum, { rows }) => sum + rows[0].events, 0)
}

import pg from 'pg'
import { CompiledQuery } from 'kysely'
import { typeParsers } from '../dist/database/pool.js'
import { inReadSession } from '../dist/tenancy/session.js'
import { tenantScope } from '../dist/tenancy/session-scope.js'
import { schemaOf } from '../dist/tenancy/tenant-id.js'
import { ProcessorMeter } from './support/processor-time.js'
import { assertEqualAnswers, number } from './support/report.js'
import { interleave, throughput } from './support/rounds.js'
import { addUsage, createTenants } from './support/tenants.js'

const CONNECTIONS = 10
const TARGET = 0.6

/** Reads of 20 rows by an index: a partitioned, wide table, and a plain one, where planning hides less. */
const READS = [
  {
    name: '20 latest usage events',
    text: (prefix) =>
      `select id, occurred_at, user_id, tool_id, tool_name, model_name, input_tokens, output_tokens, total_cost ` +
      `from ${prefix}usage_events where occurred_at < $1 order by occurred_at desc, id desc limit 20`,
    values: ['2024-02-01T00:00:00Z'],
  },
  {
    name: '20 people by id',
    text: (prefix) =>
      `select id, email, display_name, team_id, status from ${prefix}users where id > $1 order by id limit 20`,
    values: ['00000000-0000-0000-0000-000000000000'],
  },
]

/**
 * What a tenant session costs: `ReadSession` (one pipelined transaction with path, role and row-level settings)
 * against the same statement with schema-qualified names on a plain pg pool, both with ten connections, ten loops
 * and the extended protocol, over 100 tenants in turn. The ratio is that of throughputs.
 */
export async function run({ server, report, quick }) {
  const database = await server.database()
  try {
    const tenants = await createTenants(database, quick ? 2 : 100)
    for (const { tenant } of tenants) await addUsage(database, tenant, quick ? 200 : 1000)
    const sides = openSides(database)
    const results = []
    for (const read of READS) results.push(await compare(read, tenants, sides, { server, report, quick }))
    return results
  } finally {
    await database.close()
  }
}

/** How each side answers one read for one tenant. */
function openSides(database) {
  const gateway = database.pool(database.gatewayUrl, CONNECTIONS)
  const plain = database.adopt(
    new pg.Pool({ connectionString: database.adminUrl, max: CONNECTIONS, types: typeParsers }),
  )
  return {
    session({ text, values }, { tenant, organizationId, ownerId }) {
      const query = CompiledQuery.raw(text(''), values)
      const scope = tenantScope(tenant, organizationId, ownerId)
      return inReadSession(gateway, scope, { statementTimeout: 10_000 }, (session) => session.run(query))
    },
    async plain({ text, values }, { tenant }) {
      const query = { text: text(`${schemaOf(tenant)}.`), values, queryMode: 'extended' }
      return (await plain.query(query)).rows
    },
  }
}

async function compare(read, tenants, sides, { server, report, quick }) {
  for (const tenant of tenants) {
    const [a, b] = await Promise.all([sides.session(read, tenant), sides.plain(read, tenant)])
    assertEqualAnswers(`${read.name} of ${tenant.tenant}`, a, b)
    assertEqualAnswers(`rows of ${tenant.tenant}`, a.length, 20)
  }
  const meters = {
    session: new ProcessorMeter(server.dataDirectory),
    plain: new ProcessorMeter(server.dataDirectory),
  }
  const round = (side) => () =>
    meters[side].around(() =>
      throughput({
        width: CONNECTIONS,
        milliseconds: quick ? 100 : 1_000,
        work: (n) => sides[side](read, tenants[n % tenants.length]),
      }),
    )
  const result = await interleave({
    rounds: quick ? 1 : 15,
    // Every connection has to meet every tenant before its caches are what they stay.
    warmUp: quick ? 1 : 4,
    a: round('session'),
    b: round('plain'),
    onRound: (count, { a, b }) =>
      report.say(
        `  round ${count}  session ${number(a)}/s  plain ${number(b)}/s  ratio ${(a / b).toFixed(3)}`,
      ),
  })
  report.say(
    `${read.name}, ${tenants.length} tenants: session ${number(result.a)}/s, plain pool ${number(result.b)}/s, ` +
      `ratio ${result.ratio.toFixed(3)} (quartiles ${result.lower.toFixed(3)} to ${result.upper.toFixed(3)})`,
  )
  report.say(`processor time a call: session ${meters.session}; plain pool ${meters.plain}`)
  return {
    what: `tenant session / plain pool, ${read.name}`,
    value: result.ratio.toFixed(2),
    target: `≥ ${TARGET.toFixed(2)}`,
    met: result.ratio >= TARGET,
  }
}

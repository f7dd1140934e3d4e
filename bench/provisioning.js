import pg from 'pg'
import { loadMigrations } from '../dist/fleet/migration-files.js'
import { provisionTenant } from '../dist/tenancy/provisioner.js'
import { dropSpares, fillSpares } from '../dist/tenancy/spares/spare-pool.js'
import { schemaOf } from '../dist/tenancy/tenant-id.js'
import { requestTenant } from '../dist/tenancy/tenant-request.js'
import { startPlatformEndpoint } from './support/platform-endpoint.js'
import { assertEqualAnswers } from './support/report.js'
import { interleave, median, quantile } from './support/rounds.js'
import { timeStatements } from './support/statement-times.js'
import { newTenantId, requestFor } from './support/tenants.js'

const TARGET = 2
/** Milliseconds of `createOrganization` where a spare schema waits. */
const WARM = { p50: 15, p99: 60 }
/** Spares in the pool when it is full; it is filled again when it is empty, which is not measured. */
const POOL = { full: 10, quick: 4 }
const MODULES = ['core', 'usage']

/**
 * What provisioning adds to the DDL it is made of: `requestTenant` and `provisionTenant` of a tenant with core and
 * usage (role, tables, grants, default rows, ledger, owner, audit, persisted steps) against the same migration files
 * sent bare, as one message in one transaction, by the same role. The ratio is that of milliseconds.
 *
 * And what it takes where spare schemas wait: `createOrganization` of the platform API over HTTP, from the request to
 * the answer, one after another, with spares in the pool.
 */
export async function run({ server, report, quick }) {
  const database = await server.database()
  try {
    const bare = await openBare(database)
    await compareSchemas(database, bare)
    const { result, phases } = await measure(database, bare, { report, quick })
    report.say(
      `provisioning ${result.a.toFixed(1)} ms, bare DDL ${result.b.toFixed(1)} ms, ratio ${result.ratio.toFixed(2)} ` +
        `(quartiles ${result.lower.toFixed(2)} to ${result.upper.toFixed(2)})`,
    )
    sayPhases(report, phases)
    const warm = await measureWarm(database, { report, quick })
    return [
      {
        what: 'cold provisioning / bare DDL',
        value: result.ratio.toFixed(2),
        target: `≤ ${TARGET.toFixed(1)}`,
        met: result.ratio <= TARGET,
      },
      ...Object.entries(WARM).map(([name, target]) => ({
        what: `warm provisioning through the platform API, ${name}`,
        value: `${warm[name].toFixed(1)} ms`,
        target: `≤ ${target} ms`,
        met: warm[name] <= target,
      })),
    ]
  } finally {
    await database.close()
  }
}

/** The files of the modules as one message for a schema, and a connection that sends it. */
async function openBare(database) {
  const { modules } = await loadMigrations()
  const scripts = MODULES.flatMap((name) => modules.get(name).migrations).map(({ up }) => up.sql)
  // Granting to a role that is there already: making roles is what provisioning adds.
  await database.admin.query('create role bench_bare nologin')
  const ddl = scripts.join('\n;\n').replace(/(?<!:):tenant_role\b/g, 'bench_bare')
  const pool = database.adopt(new pg.Pool({ connectionString: database.adminUrl, max: 1 }))
  let made = 0
  return async () => {
    const schema = `bare_${++made}`
    await pool.query(
      `begin; set local role orgscope_owner; create schema ${schema}; set local search_path = ${schema}, public;\n` +
        `${ddl}\n;\ncommit`,
    )
    return schema
  }
}

async function provision(database) {
  const tenant = newTenantId()
  await requestTenant(database.admin, requestFor(tenant))
  const { tenant: made } = await provisionTenant(database.admin, tenant)
  if (made.state !== 'active') throw new Error(`${tenant} is ${made.state}`)
  return schemaOf(tenant)
}

async function compareSchemas(database, bare) {
  const [provisioned, plain] = [await provision(database), await bare()]
  const [a, b] = [await describe(database, provisioned), await describe(database, plain)]
  if (a.length === 0) throw new Error('the provisioned schema is empty')
  assertEqualAnswers('columns, constraints and indexes of the two schemas', a, b)
}

/** Columns, constraints and indexes of a schema as text that does not name it. */
async function describe({ admin }, schema) {
  const { rows } = await admin.query(
    `with tables as (select c.oid, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = $1 and c.relkind in ('r', 'p'))
     select replace(line, $1 || '.', '') as line from (
       select format('%s.%s %s %s %s', t.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
         pg_get_expr(d.adbin, d.adrelid)) as line
       from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0
       left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
       union all
       select format('%s %s %s', t.relname, k.conname, pg_get_constraintdef(k.oid))
       from tables t join pg_constraint k on k.conrelid = t.oid
       union all
       select pg_get_indexdef(i.indexrelid) from tables t join pg_index i on i.indrelid = t.oid
     ) as described order by line`,
    [schema],
  )
  return rows.map(({ line }) => line)
}

async function measure(database, bare, { report, quick }) {
  const phases = []
  const timed = async (work) => {
    const began = performance.now()
    await work()
    return performance.now() - began
  }
  const result = await interleave({
    rounds: quick ? 1 : 25,
    warmUp: quick ? 0 : 3,
    a: () =>
      timed(async () => {
        const times = await timeStatements(() => provision(database))
        phases.push(times)
      }),
    b: () => timed(bare),
    onRound: (round, { a, b }) =>
      report.say(
        `  round ${round}  provisioning ${a.toFixed(1)} ms  bare DDL ${b.toFixed(1)} ms  ratio ${(a / b).toFixed(2)}`,
      ),
  })
  return { result, phases }
}

const CREATE = `mutation ($input: CreateOrganizationInput!) {
  createOrganization(input: $input) { organization { key state modules } }
}`

/** Creates organizations while spares last, and makes sure that each was one. */
async function measureWarm(database, { report, quick }) {
  const migrations = await loadMigrations()
  const [count, warmUp, pool] = quick ? [2, 1, POOL.quick] : [200, 20, POOL.full]
  const endpoint = await startPlatformEndpoint(database)
  const times = []
  const phases = []
  try {
    for (let made = 0; made < count + warmUp; made += 1) {
      if (made % pool === 0) await fillSpares(database.admin, migrations, { count: pool, sets: [['usage']] })
      const tenant = newTenantId()
      const { name, adminEmail } = requestFor(tenant)
      const input = { key: tenant, name, adminEmail, plan: 'ENTERPRISE', modules: ['USAGE'] }
      const began = performance.now()
      let elapsed
      const statements = await timeStatements(async () => {
        const { createOrganization } = await endpoint.send(CREATE, { input })
        elapsed = performance.now() - began
        if (createOrganization.organization.state !== 'ACTIVE') throw new Error(`${tenant} is not active`)
      })
      if (made < warmUp) continue
      times.push(elapsed)
      phases.push(statements)
    }
  } finally {
    await endpoint.stop()
  }
  const left = (await dropSpares(database.admin, migrations)).length
  const expected = (pool - ((count + warmUp) % pool)) % pool
  if (left !== expected) throw new Error(`${left - expected} organizations were made without a spare`)
  const warm = { p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
  report.say(`warm: ${count} organizations, p50 ${warm.p50.toFixed(1)} ms, p99 ${warm.p99.toFixed(1)} ms`)
  sayPhases(report, phases)
  return warm
}

/** Median milliseconds by statement, those that take long first. */
function sayPhases(report, phases) {
  const names = [...new Set(phases.flatMap((times) => [...times.keys()]))]
  const rows = names
    .map((name) => ({ name, time: median(phases.map((times) => times.get(name) ?? 0)) }))
    .sort((a, b) => b.time - a.time)
  report.say('where provisioning spends its time (median ms from sending to answer, round trip included):')
  for (const { name, time } of rows) report.say(`  ${time.toFixed(2).padStart(8)}  ${name}`)
  const sum = rows.reduce((total, { time }) => total + time, 0)
  report.say(`  ${sum.toFixed(2).padStart(8)}  all ${rows.length}`)
}

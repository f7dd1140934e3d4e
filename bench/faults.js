import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeCatalogue } from '../dist/database/catalogue.js'
import { createPool } from '../dist/database/pool.js'
import { resumeFleetRun } from '../dist/fleet/fleet-run.js'
import { migrateUp } from '../dist/fleet/migrate-up.js'
import { listRuns } from '../dist/fleet/run-record.js'
import { provisionTenant } from '../dist/tenancy/provisioner.js'
import { parseTenantId, schemaOf } from '../dist/tenancy/tenant-id.js'
import { requestTenant } from '../dist/tenancy/tenant-request.js'
import { withSteps } from './support/extra-steps.js'
import { BenchServer } from './support/server.js'

/**
 * `node bench/faults.js [--rounds 200] [--seed 1] [--tenants 6] [--url <admin URL of a migrated database>]`: kills a
 * fleet runner with SIGKILL at a point of its own choosing, goes on with what it left, and looks whether any tenant
 * was lost, half made or migrated twice. Ends with exit code 1 and the seed when one was.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    tenants: { type: 'string', default: '6' },
    url: { type: 'string' },
  },
})
const random = generator(Number(values.seed))
const victim = fileURLToPath(new URL('support/fleet-victim.js', import.meta.url))

const server = values.url === undefined ? await BenchServer.start() : undefined
const database = await server?.database()
const url = values.url ?? database.adminUrl
const admin = createPool({ connectionString: url, max: 6, applicationName: 'faults' })
try {
  const result = await run(Number(values.rounds), Number(values.tenants))
  console.log(JSON.stringify({ seed: Number(values.seed), ...result }))
} catch (error) {
  console.error(`seed ${values.seed}:`, error)
  process.exitCode = 1
} finally {
  await admin.end()
  await database?.close()
  await server?.stop()
}

async function run(rounds, count) {
  const tenants = Array.from({ length: count }, (_, index) => parseTenantId(`fault_${process.pid}_${index}`))
  for (const tenant of tenants) await provision(tenant)
  const steps = []
  const kills = { before: 0, during: 0, after: 0 }
  for (let round = 1; round <= rounds; round += 1) {
    const kind = round % 3 === 0 ? 'redo' : 'up'
    if (kind === 'up') steps.push(newStep(round))
    const catalogue = await withSteps('core', steps)
    kills[await kill(kind, steps)] += 1
    await finish(catalogue)
    await check(tenants, steps, `round ${round}`)
  }
  await compareWithNew(tenants, await withSteps('core', steps))
  return { rounds, tenants: count, steps: steps.length, kills }
}

async function provision(tenant, migrations) {
  await requestTenant(admin, {
    tenant,
    name: tenant,
    slug: tenant.replaceAll('_', '-'),
    plan: 'free',
    modules: [],
  })
  await provisionTenant(admin, tenant, { migrations })
}

/** A step that fails when it is done twice, or leaves a second row; every fourth one refuses a transaction. */
function newStep(round) {
  const table = `fault_${round}`
  if (round % 4 === 0) {
    return {
      name: table,
      up: `-- orgscope: no-transaction\ndrop index concurrently if exists ${table}_idx;\ncreate index concurrently ${table}_idx on teams (name);`,
      down: `-- orgscope: no-transaction\ndrop index concurrently if exists ${table}_idx;`,
    }
  }
  return {
    name: table,
    up: `create table ${table} (id integer not null);\ninsert into ${table} values (${round});\ncreate index on ${table} (id);`,
    down: `drop table ${table};`,
  }
}

/** Starts a runner and kills it a moment after a point it told; resolves to how far its run was. */
async function kill(kind, steps) {
  const child = spawn(process.execPath, [victim, url, kind, JSON.stringify(steps)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const last = 1 + Math.floor(random() * (2 * Number(values.tenants) + 4))
  const pause = random() < 0.5 ? 0 : Math.floor(random() * 12)
  let points = 0
  let point = ''
  for await (const line of createInterface({ input: child.stdout })) {
    point = line
    if (++points === last) break
  }
  if (pause > 0) await sleep(pause)
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return point === 'started' ? 'before' : point === 'ended' ? 'after' : 'during'
}

/** Goes on with what the killed runner left, one way or the other. */
async function finish(catalogue) {
  const open = await listRuns(admin, { statuses: ['running'] })
  for (const { id } of open) requireDone(await resumeFleetRun(admin, catalogue, id, { concurrency: 3 }))
  requireDone(await migrateUp(admin, catalogue, { concurrency: 3 }))
}

function requireDone({ failures, status }) {
  if (failures.length > 0) throw new Error(`failed: ${JSON.stringify(failures)}`)
  if (status !== undefined && status !== 'succeeded') throw new Error(`the run is ${status}`)
}

async function check(tenants, steps, when) {
  const schemas = tenants.map(schemaOf)
  const problems = await rowsOf(
    `select 'run ' || id || ' is ' || status as problem from public.fleet_runs where status <> 'succeeded'
     union all select schema_name || ' of run ' || fleet_run_id || ' is ' || status from public.fleet_run_items
       where status <> 'succeeded'
     union all select schema_name || ' ' || migration_name || ' is ' || status from public.schema_migrations
       where status <> 'applied'
     union all select schema_name || ' says version ' || (schema_versions ->> 'core') || ', its ledger ' || (
         select max(version) from public.schema_migrations m where m.schema_name = t.schema_name and module = 'core')
       from public.tenant_schemas t where (schema_versions ->> 'core')::integer is distinct from (
         select max(version) from public.schema_migrations m where m.schema_name = t.schema_name and module = 'core')
     union all select schema_name || ' has ' || count(*) || ' steps' from public.schema_migrations
       where schema_name = any($1) and migration_name like '%_fault_%' group by schema_name having count(*) <> $2
     union all select indexrelid::regclass || ' is not valid' from pg_index where not indisvalid`,
    [schemas, steps.length],
  )
  const tables = steps.map(({ name }) => name).filter((name) => Number(name.slice(6)) % 4 !== 0)
  for (const schema of schemas) {
    const counts = tables.map(
      (table) => `select '${table}' as name, count(*)::integer as count from ${schema}.${table}`,
    )
    if (counts.length === 0) continue
    const rows = await rowsOf(`select name, count from (${counts.join(' union all ')}) c where count <> 1`)
    problems.push(...rows.map(({ name, count }) => ({ problem: `${schema}.${name} has ${count} rows` })))
  }
  if (problems.length > 0) throw new Error(`${when}: ${problems.map(({ problem }) => problem).join('; ')}`)
}

/** What the ledger says is there is there: each schema equals one that was made in one go. */
async function compareWithNew(tenants, catalogue) {
  const fresh = parseTenantId(`fault_${process.pid}_new`)
  await provision(fresh, catalogue)
  const describe = async (tenant) =>
    (await describeCatalogue(admin, [schemaOf(tenant)]))
      .map((line) => line.replaceAll(schemaOf(tenant), 'org_x'))
      .sort()
      .join('\n')
  const expected = await describe(fresh)
  for (const tenant of tenants) {
    if ((await describe(tenant)) !== expected)
      throw new Error(`${tenant} differs from a schema made in one go`)
  }
}

async function rowsOf(text, parameters = []) {
  return (await admin.query(text, parameters)).rows
}

/** Mulberry32: small, and the same everywhere for the same seed. */
function generator(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

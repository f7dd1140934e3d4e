import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { azureLlmTrace } from '../dist/modules/usage/import/azure-llm-trace.js'
import { chooseModel } from '../dist/modules/usage/import/choose-model.js'
import { DEFAULT_BATCH_SIZE, importUsage } from '../dist/modules/usage/import/import-usage.js'
import { inReadSession } from '../dist/tenancy/session.js'
import { tenantScope } from '../dist/tenancy/session-scope.js'
import { schemaOf } from '../dist/tenancy/tenant-id.js'
import { BareImport } from './support/bare-import.js'
import { ProcessorMeter } from './support/processor-time.js'
import { assertEqualAnswers, number } from './support/report.js'
import { interleave } from './support/rounds.js'
import { createTenants } from './support/tenants.js'
import { traceStream } from './support/trace-file.js'

const TARGET = 0.5
const TABLES = ['usage_events', 'usage_ingest_keys', 'usage_rollups_hourly', 'usage_rollups_daily']

/**
 * What importing a file adds to writing its rows: `importUsage` (reading, checking, finding repeats, pricing,
 * claiming keys, adding up) of a generated trace, against a bare INSERT … ON CONFLICT of exactly the rows it leaves
 * behind, made ready beforehand, into the same four tables in transactions of the same size. The ratio is that of rows
 * per second. The import keeps two transactions under way, so the bare insert doing that too is told beside it.
 */
export async function run({ server, report, quick }) {
  const rows = quick ? 1_500 : 200_000
  const database = await server.database()
  const directory = await mkdtemp(join(tmpdir(), 'orgscope-bench-trace-'))
  try {
    const file = join(directory, 'trace.csv')
    await pipeline(traceStream(rows), createWriteStream(file))
    const [imported, bare] = await createTenants(database, 2)
    const importer = await openImporter(database, imported, file, rows)
    await importer()
    const reference = await BareImport.of(database, imported.tenant, bare.tenant, DEFAULT_BATCH_SIZE)
    await reference.write(2)
    await compareTables(database, imported, bare, rows)
    return await measure(
      { server, database, rows, importer, reference, tenants: [imported, bare] },
      { report, quick },
    )
  } finally {
    await rm(directory, { recursive: true, force: true })
    await database.close()
  }
}

/** Imports the whole file as `orgscope usage import` does. */
async function openImporter(database, { tenant, organizationId }, file, rows) {
  const pool = database.pool(database.gatewayUrl)
  const scope = tenantScope(tenant, organizationId)
  const model = await inReadSession(pool, scope, { statementTimeout: 10_000 }, (session) =>
    chooseModel(session, { modelName: 'gpt-4o-mini', provider: undefined }, { allowUnpriced: false }),
  )
  return async () => {
    const source = createReadStream(file)
    const onRejected = ({ line, reason }) => {
      throw new Error(`line ${line} was rejected: ${reason}`)
    }
    const result = await importUsage({ source, format: azureLlmTrace, model, pool, scope, onRejected })
    if (result.added !== rows) throw new Error(`not every row was added: ${JSON.stringify(result)}`)
  }
}

/** Every row and column of both, but for the times of writing; 0.10 and 0.1 are the same amount. */
async function compareTables({ admin }, imported, bare, rows) {
  for (const table of TABLES) {
    const [a, b] = await Promise.all([imported, bare].map(({ tenant }) => digest(admin, tenant, table)))
    assertEqualAnswers(`rows of ${table}`, a, b)
    if (table === 'usage_events') assertEqualAnswers('number of events', a.count, rows)
  }
}

async function digest(admin, tenant, table) {
  // Ids of rollup rows are made where they are written; nothing refers to them.
  const ignored = ['recorded_at', 'created_at', 'updated_at', ...(table.includes('rollups') ? ['id'] : [])]
  const { rows } = await admin.query(
    `select count(*) as count, sum(jsonb_hash_extended(to_jsonb(t) - $1::text[], 0)::numeric)::text as digest
     from ${schemaOf(tenant)}.${table} t`,
    [ignored],
  )
  return rows[0]
}

async function measure({ server, database, rows, importer, reference, tenants }, { report, quick }) {
  const side = (work) => {
    const meter = new ProcessorMeter(server.dataDirectory)
    const round = async () => {
      await empty(database, tenants)
      return meter.around(() => rate(rows, work))
    }
    return { meter, round }
  }
  const compare = async (rounds, warmUp, transactions) => {
    const [a, b] = [side(importer), side(() => reference.write(transactions))]
    report.say(`${number(rows)} rows, bare insert with ${transactions} at a time`)
    const onRound = (round, values) =>
      report.say(
        `  round ${round}  import ${number(values.a)} rows/s  bare insert ${number(values.b)} rows/s  ` +
          `ratio ${(values.a / values.b).toFixed(3)}`,
      )
    const result = await interleave({ rounds, warmUp, a: a.round, b: b.round, onRound })
    report.say(
      `import ${number(result.a)} rows/s, bare insert ${number(result.b)} rows/s, ratio ${result.ratio.toFixed(3)} ` +
        `(quartiles ${result.lower.toFixed(3)} to ${result.upper.toFixed(3)})`,
    )
    report.say(`processor time a row: import ${a.meter}; bare insert ${b.meter}`)
    return result.ratio
  }
  const [one, two] = [await compare(quick ? 1 : 7, quick ? 0 : 1, 1), await compare(quick ? 1 : 7, 0, 2)]
  return [
    {
      what: 'usage import / bare insert',
      value: one.toFixed(2),
      target: `≥ ${TARGET.toFixed(2)}`,
      met: one >= TARGET,
    },
    { what: 'usage import / bare insert, two transactions at a time', value: two.toFixed(2) },
  ]
}

/** Both sides begin with empty tables and nothing left to be written to disk. */
async function empty({ admin }, tenants) {
  const tables = tenants.flatMap(({ tenant }) => TABLES.map((table) => `${schemaOf(tenant)}.${table}`))
  await admin.query(`truncate ${tables.join(', ')}`)
  await admin.query('checkpoint')
}

async function rate(rows, work) {
  const began = performance.now()
  await work()
  return { calls: rows, perSecond: rows / ((performance.now() - began) / 1000) }
}

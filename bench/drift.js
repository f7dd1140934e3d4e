import { detectDrift } from '../dist/fleet/drift/detect-drift.js'
import { loadMigrations } from '../dist/fleet/migration-files.js'
import { schemaOf } from '../dist/tenancy/tenant-id.js'
import { number } from './support/report.js'
import { median } from './support/rounds.js'
import { ProcessorMeter } from './support/processor-time.js'
import { createTenants } from './support/tenants.js'

const TARGET_SECONDS = 2
const TENANTS = 1_000
/** One in a hundred tenants has lost an index. */
const DAMAGED = 0.01

/**
 * The drift check over 1,000 tenants with core and usage, as `orgscope fleet drift` does it: ledgers, roles, the
 * template made and rolled back, fingerprints of all schemas, and the note of them in public.tenant_schemas. Once with
 * nothing to find and once with an index missing in one tenant of a hundred, which are then read in detail.
 */
export async function run({ server, report, quick }) {
  const database = await server.database()
  try {
    const tenants = await createTenants(database, quick ? 4 : TENANTS)
    const { rows } = await database.admin.query(
      "select count(*)::integer as tables from pg_class where relkind in ('r', 'p') and relnamespace::regnamespace::text like 'org%'",
    )
    report.say(`${number(tenants.length)} tenants, ${number(rows[0].tables)} tables`)
    const catalogue = await loadMigrations()
    const check = async (expected) => {
      const began = performance.now()
      const drift = await detectDrift(database.admin, catalogue)
      const seconds = (performance.now() - began) / 1_000
      const found = drift.flatMap(({ findings }) => findings).length
      if (found !== expected) throw new Error(`${found} findings instead of ${expected}`)
      return seconds
    }
    const rounds = quick ? 1 : 7
    const measure = (what, expected) =>
      repeated({ rounds, report, what, dataDirectory: server.dataDirectory, work: () => check(expected) })
    const clean = await measure('nothing to find', 0)
    const damaged = tenants.slice(0, Math.max(1, tenants.length * DAMAGED))
    for (const { tenant } of damaged) {
      await database.admin.query(`drop index ${schemaOf(tenant)}.users_department_idx`)
    }
    const found = await measure(`${damaged.length} damaged`, damaged.length)
    return [
      outcome(`drift check of ${number(tenants.length)} tenants (s)`, clean),
      outcome(`the same, ${damaged.length} of them damaged (s)`, found),
    ]
  } finally {
    await database.close()
  }
}

function outcome(what, seconds) {
  return { what, value: seconds.toFixed(2), target: `≤ ${TARGET_SECONDS}`, met: seconds <= TARGET_SECONDS }
}

/** The median of some rounds, after one that warms up. */
async function repeated({ rounds, report, what, dataDirectory, work }) {
  await work()
  const meter = new ProcessorMeter(dataDirectory)
  const times = []
  for (let round = 1; round <= rounds; round += 1) {
    await meter.around(async () => {
      const seconds = await work()
      times.push(seconds)
      return { calls: 1, perSecond: 1 / seconds }
    })
    report.say(`  round ${round}  ${what}  ${times.at(-1).toFixed(2)} s`)
  }
  report.say(`processor time a check: ${meter}`)
  return median(times)
}

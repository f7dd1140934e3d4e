import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from './support/child.js'
import { residentMemory } from './support/processor-time.js'
import { number } from './support/report.js'
import { ServedProgram } from './support/served-program.js'
import { addUsage, createTenants } from './support/tenants.js'
import { answerOf, requestsWithKeys } from './support/usage-query.js'

const MEGABYTE = 2 ** 20
/** Flat means: less than this many MB more for 100,000 more rows, once warm; a leak of ten bytes a row would show. */
const FLAT = 1
/** Share of a pass that warms up: code is compiled, buffers grow to the size they keep. */
const WARM_UP = 0.2
const GATEWAY_LIMIT = 150

/**
 * How much memory is needed: whether a long import needs more the longer it gets (slope of a line fitted through
 * samples taken after garbage collections, for each of its two passes), and the resident memory of a gateway with 100
 * tenants, each queried once, when it rests again.
 */
export async function run({ server, report, quick }) {
  return [await importSlope(server, { report, quick }), await idleGateway(server, { report, quick })]
}

async function importSlope(server, { report, quick }) {
  const rows = quick ? 10_000 : 1_000_000
  const database = await server.database()
  const child = new Child('import-process.js', [], { execArgv: ['--expose-gc'] })
  try {
    const [{ tenant, organizationId }] = await createTenants(database, 1)
    const { gatewayUrl } = database
    const answer = await child.ask({ gatewayUrl, tenant, organizationId, rows, samples: 50 })
    if (answer.report.added !== rows)
      throw new Error(`not every row was added: ${JSON.stringify(answer.report)}`)
    const slopes = ['reading', 'recording'].flatMap((phase) =>
      passSlopes(phase, rows, answer.samples, report),
    )
    const steepest = Math.max(...slopes)
    return {
      what: `memory over an import of ${number(rows)} rows, MB per 100,000 rows`,
      value: steepest.toFixed(2),
      target: `< ${FLAT}`,
      met: steepest < FLAT,
    }
  } finally {
    await child.stop()
    await database.close()
  }
}

/** MB per 100,000 rows of heap and of resident memory in one pass, without its warming up. */
function passSlopes(phase, rows, samples, report) {
  const pass = samples.filter((sample) => sample.phase === phase)
  report.say(`${phase}: rows, heap and buffers (MB), resident (MB)`)
  for (const { rows: at, heap, resident } of pass) {
    report.say(
      `  ${number(at).padStart(9)}  ${number(heap / MEGABYTE, 1)}  ${number(resident / MEGABYTE, 1)}`,
    )
  }
  const warm = pass.filter((sample) => sample.rows >= rows * WARM_UP)
  const slopes = ['heap', 'resident'].map((measure) => slope(warm, measure) * (100_000 / MEGABYTE))
  report.say(
    `  slope per 100,000 rows: heap and buffers ${slopes[0].toFixed(3)} MB, resident ${slopes[1].toFixed(3)} MB`,
  )
  return slopes
}

/** Least squares: bytes per row. */
function slope(samples, measure) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(samples.map(({ rows }) => rows)), mean(samples.map((sample) => sample[measure]))]
  const moments = samples.map((sample) => [(sample.rows - x) * (sample[measure] - y), (sample.rows - x) ** 2])
  return mean(moments.map(([covariance]) => covariance)) / mean(moments.map(([, variance]) => variance))
}

/** `orgscope serve` itself, as an operator runs it. */
async function idleGateway(server, { report, quick }) {
  const database = await server.database()
  let program
  try {
    const tenants = await createTenants(database, quick ? 1 : 100)
    for (const { tenant } of tenants) await addUsage(database, tenant, 100)
    const requests = await requestsWithKeys(tenants, database)
    program = await ServedProgram.start(database)
    const memory = () => residentMemory(program.pid) / MEGABYTE
    const started = memory()
    for (const request of requests) await answerOf({ url: `${program.url}/graphql` }, request)
    const busy = memory()
    await sleep(quick ? 500 : 10_000)
    const idle = memory()
    report.say(
      `gateway, ${tenants.length} tenants: ${number(started)} MB before the first request, ${number(busy)} MB after one ` +
        `to each tenant, ${number(idle)} MB at rest`,
    )
    return {
      what: `resident memory of an idle gateway with ${tenants.length} tenants, MB`,
      value: number(idle),
      target: `< ${GATEWAY_LIMIT}`,
      met: idle < GATEWAY_LIMIT,
    }
  } finally {
    await program?.stop()
    await database.close()
  }
}

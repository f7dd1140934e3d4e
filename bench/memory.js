import { setTimeout as sleep } from 'node:timers/promises'
import { fillTenants, QUICK_SIZE, takeSamples } from './comparison/data.js'
import { orgscope } from './comparison/dialects/orgscope.js'
import { requestsOf } from './comparison/same-answers.js'
import { Child } from './support/child.js'
import { residentMemory } from './support/processor-time.js'
import { number } from './support/report.js'
import { ServedProgram } from './support/served-program.js'
import { memorySlopes } from './support/slope.js'
import { addUsage, createTenants } from './support/tenants.js'
import { answerOf, createKeys, requestsWithKeys } from './support/usage-query.js'

const MEGABYTE = 2 ** 20
/** Flat means: less than this many MB more for 100,000 more, once warm; a leak of ten bytes each would show. */
const FLAT = 1
const IDLE_LIMIT = 150
const TOUCHED_LIMIT = 200
/** HTTP connections that each wait for an answer before the next request. */
const CONNECTIONS = 16

/**
 * How much memory is needed: whether a long import needs more the longer it gets (slope of a line fitted through
 * samples taken after garbage collections, for each of its two passes), and a gateway the more requests it has
 * answered; the resident memory of a gateway with 100 tenants, each queried once, when it rests again, and of one
 * right after it has answered 1,000 tenants.
 */
export async function run({ server, report, quick }) {
  return [
    await importSlope(server, { report, quick }),
    await requestSlope(server, { report, quick }),
    await idleGateway(server, { report, quick }),
    await touchedGateway(server, { report, quick }),
  ]
}

async function importSlope(server, { report, quick }) {
  const rows = quick ? 3_000 : 1_000_000
  const database = await server.database()
  const child = new Child('import-process.js', [], { execArgv: ['--expose-gc'] })
  try {
    const [{ tenant, organizationId }] = await createTenants(database, 1)
    const { gatewayUrl } = database
    const answer = await child.ask({ gatewayUrl, tenant, organizationId, rows, samples: 50 })
    if (answer.report.added !== rows)
      throw new Error(`not every row was added: ${JSON.stringify(answer.report)}`)
    const slopes = ['reading', 'recording'].flatMap((phase) => {
      const samples = answer.samples.filter((sample) => sample.phase === phase)
      return Object.values(memorySlopes(`${phase}: rows`, samples, report))
    })
    return flatness(`memory over an import of ${number(rows)} rows, MB per 100,000 rows`, Math.max(...slopes))
  } finally {
    await child.stop()
    await database.close()
  }
}

function flatness(what, steepest) {
  return { what, value: steepest.toFixed(2), target: `< ${FLAT}`, met: steepest < FLAT }
}

/** One row by id, a page with relations, and an insert, from organizations in turn: `orgscope serve` itself. */
async function requestSlope(server, { report, quick }) {
  const [total, steps] = quick ? [320, 5] : [100_000, 25]
  const database = await server.database()
  const load = new Child('load.js')
  let program
  try {
    const tenants = await createTenants(database, quick ? 2 : 20)
    await fillTenants(database, tenants, QUICK_SIZE)
    const keys = new Map()
    for (const [index, key] of (await createKeys(tenants, database)).entries())
      keys.set(tenants[index].tenant, key)
    const gateway = { dialect: orgscope, headers: (tenant) => ({ 'x-api-key': keys.get(tenant) }) }
    const samples = await takeSamples(database, tenants)
    const requests = ['a', 'b', 'e'].flatMap((query) => requestsOf(gateway, query, samples))
    program = await ServedProgram.start(database, { probed: true })
    const taken = []
    for (let step = 1; step <= steps; step += 1) {
      await sendAll(load, { url: `${program.url}/graphql`, requests, amount: total / steps })
      taken.push({ at: (total / steps) * step, ...(await program.memory()) })
    }
    const slopes = memorySlopes('gateway: requests', taken, report)
    return flatness(`heap of a gateway over ${number(total)} requests, MB per 100,000 requests`, slopes.heap)
  } finally {
    await Promise.all([program?.stop(), load.stop()])
    await database.close()
  }
}

async function sendAll(load, order) {
  const result = await load.ask({
    ...order,
    connections: CONNECTIONS,
    pattern: '^\\{"data":\\{(?!.*"errors")',
  })
  if (result.answered !== order.amount || result.mismatches > 0)
    throw new Error(`requests failed: ${JSON.stringify(result)}`)
}

async function idleGateway(server, { report, quick }) {
  const tenants = quick ? 1 : 100
  const { idle } = await askEachTenant(server, { report, tenants, rest: quick ? 50 : 10_000 })
  return limit(`resident memory of an idle gateway with ${tenants} tenants, MB`, idle, IDLE_LIMIT)
}

async function touchedGateway(server, { report, quick }) {
  const tenants = quick ? 2 : 1_000
  const { busy } = await askEachTenant(server, { report, tenants, rest: 0 })
  return limit(
    `resident memory of a gateway after a request of each of ${number(tenants)} tenants, MB`,
    busy,
    TOUCHED_LIMIT,
  )
}

function limit(what, megabytes, most) {
  return { what, value: number(megabytes), target: `< ${most}`, met: megabytes < most }
}

/** Resident MB of `orgscope serve` itself, as an operator runs it, after one request to each tenant and at rest. */
async function askEachTenant(server, { report, tenants: count, rest }) {
  const database = await server.database()
  let program
  try {
    const tenants = await createTenants(database, count)
    for (const { tenant } of tenants) await addUsage(database, tenant, 100)
    const requests = await requestsWithKeys(tenants, database)
    program = await ServedProgram.start(database)
    const memory = () => residentMemory(program.pid) / MEGABYTE
    const started = memory()
    for (const request of requests) await answerOf({ url: `${program.url}/graphql` }, request)
    const busy = memory()
    await sleep(rest)
    const idle = memory()
    report.say(
      `gateway, ${number(count)} tenants: ${number(started)} MB before the first request, ${number(busy)} MB after one ` +
        `to each tenant, ${number(idle)} MB ${rest / 1000} s later`,
    )
    return { busy, idle }
  } finally {
    await program?.stop()
    await database.close()
  }
}

import {
  countEvents,
  fillTenants,
  FULL_SIZE,
  QUICK_SIZE,
  storedEvent,
  takeSamples,
} from './comparison/data.js'
import { QUERIES } from './comparison/queries.js'
import { compareServers } from './comparison/same-answers.js'
import { Servers } from './comparison/servers.js'
import { outcomesOf, summaryOf, tableOf } from './comparison/summary.js'
import { Child } from './support/child.js'
import { processorTime, ProcessorMeter, residentMemory } from './support/processor-time.js'
import { number } from './support/report.js'
import { takeTurns } from './support/rounds.js'
import { createTenants } from './support/tenants.js'

/** HTTP connections that each wait for an answer before the next request. */
const CONNECTIONS = 16

/**
 * The tenant API against what else one could put before the same tables: PostGraphile 5 with the search path set by
 * each request, an Apollo Server written by hand without much thought, and, for one query, the least that there is to
 * do. Same machine, same Postgres, same data; the organizations take turns request by request. What the servers say
 * is compared before anything is timed, and every answer under load is checked. The gateway runs with all its walls,
 * limits and audit; the others have none of them.
 */
export async function run({ server, report, quick, offline }) {
  const database = await server.database()
  const load = new Child('load.js')
  let servers
  try {
    const size = quick ? QUICK_SIZE : FULL_SIZE
    const tenants = await createTenants(database, size.tenants)
    await fillTenants(database, tenants, size)
    servers = await Servers.start(database, tenants, { offline, report })
    const samples = await takeSamples(database, tenants)
    const bench = { server, report, quick, database, tenants, load, servers, samples, size }
    const requests = {}
    // The events inserted for comparison are part of the totals, and of nothing else that is asked for.
    for (const query of Object.keys(QUERIES).reverse()) requests[query] = await compare(bench, query)
    report.say(
      `the answers of ${servers.all.map(({ name }) => name).join(', ')} are equal for ${tenants.length} organizations`,
    )
    const summaries = {}
    for (const query of Object.keys(QUERIES)) summaries[query] = await measure(bench, query, requests[query])
    for (const line of tableOf(summaries)) report.say(line)
    return outcomesOf(summaries)
  } finally {
    await Promise.all([servers?.stop(), load.stop()])
    await database.close()
  }
}

/** Resolves to each server's requests, with the answers they have to get. */
async function compare({ database, servers, samples, size }, query) {
  const asked = servers.asked(query)
  const look = QUERIES[query].writes ? (tenant, id) => storedEvent(database, tenant, id) : undefined
  const lists = await compareServers(asked, query, { samples, size, look })
  return new Map(asked.map((server, index) => [server.name, lists[index]]))
}

async function measure(bench, query, requests) {
  const { server, report, quick, servers } = bench
  const asked = servers.asked(query)
  const sides = {}
  const meters = {}
  for (const one of asked) {
    const send = () => sendLoad(bench, query, one, requests.get(one.name))
    const meter = new ProcessorMeter(server.dataDirectory, async () => processorTime(one.pid))
    if (!quick) await send()
    meters[one.name] = meter
    sides[one.name] = async () => {
      let round
      // What is counted before and after costs Postgres more than many requests, so it is not metered.
      await checkWritten(bench, query, one, async () => {
        await meter.around(async () => {
          round = await send()
          return { calls: round.answered, perSecond: round.perSecond }
        })
        return round.answered
      })
      return { ...round, resident: residentMemory(one.pid) }
    }
  }
  const rounds = await takeTurns({
    rounds: quick ? 1 : 5,
    sides,
    onRound: (round, results) =>
      report.say(
        `  ${query} ${QUERIES[query].what}, round ${round}: ` +
          asked.map(({ name }) => `${name} ${number(results[name].perSecond)}/s`).join('  '),
      ),
  })
  return summaryOf(rounds, meters)
}

/** Requests for a while; throws unless every one was answered as it has to be. */
async function sendLoad({ load, quick }, query, one, requests) {
  const { pattern } = one.dialect[query]
  const result = await load.ask({
    url: one.url,
    requests,
    connections: CONNECTIONS,
    ...(quick ? { amount: 3 * CONNECTIONS } : { seconds: 2 }),
    pattern,
  })
  const { answered, errors, timeouts, mismatches, non2xx } = result
  if (errors + timeouts + mismatches + non2xx > 0 || answered === 0) {
    throw new Error(
      `${one.name}, query ${query}: requests failed or were answered differently: ${JSON.stringify(result)}`,
    )
  }
  return result
}

/** Throws when `send` was answered that it inserted more or fewer events than there are afterwards. */
async function checkWritten({ database, tenants }, query, one, send) {
  if (!QUERIES[query].writes) return void (await send())
  const before = await countEvents(database, tenants)
  const answered = await send()
  const written = (await countEvents(database, tenants)) - before
  // The generator goes away while the last requests are under way: they may be carried out, or not.
  if (written < answered || written > answered + CONNECTIONS)
    throw new Error(`${one.name}, query ${query}: ${answered} answers, but ${written} events were written`)
}

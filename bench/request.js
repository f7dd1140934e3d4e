import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LocalIssuer } from '../dist/http/authentication/local-issuer.js'
import { roleOf, schemaOf } from '../dist/tenancy/tenant-id.js'
import { Child } from './support/child.js'
import { ProcessorMeter } from './support/processor-time.js'
import { assertEqualAnswers, number } from './support/report.js'
import { interleave } from './support/rounds.js'
import { urlAs } from './support/server.js'
import { addUsage, createTenants } from './support/tenants.js'
import { answerOf, requestsWithTokens } from './support/usage-query.js'

const TARGET = 0.85
/** HTTP connections that each wait for an answer before the next request. */
const CONNECTIONS = 16

/**
 * What tenancy costs a whole GraphQL request: 20 usage events with tool and user over HTTP, from a gateway as it is
 * and from one whose connections belong to one organization from the start (walls 2 and 3 off, see without-walls.js).
 * Gateways and load generator are processes of their own; the ratio is that of requests per second for one
 * organization. The same over many organizations in turn is told beside it.
 */
export async function run({ server, report, quick }) {
  const database = await server.database()
  const keys = await mkdtemp(join(tmpdir(), 'orgscope-bench-keys-'))
  const children = []
  try {
    const tenants = await createTenants(database, quick ? 2 : 20)
    for (const { tenant } of tenants) await addUsage(database, tenant, quick ? 200 : 5_000)
    const unwalledUrl = await unwalledLogin(database, tenants[0])
    const issuer = await LocalIssuer.open(keys)
    const settings = { gatewayUrl: database.gatewayUrl, keys }
    const start = (name, ...words) => children[children.push(new Child(name, words)) - 1]
    const [walled, unwalled] = await Promise.all([
      startGateway(start, server, settings),
      startGateway(start, server, { ...settings, unwalledUrl }),
    ])
    const requests = await requestsWithTokens(tenants, issuer)
    await compareAnswers(requests, walled, unwalled)
    return await measure({ walled, unwalled, load: start('load.js') }, requests, { report, quick })
  } finally {
    await Promise.all(children.map((child) => child.stop()))
    await rm(keys, { recursive: true, force: true })
    await database.close()
  }
}

async function startGateway(start, server, settings) {
  const child = start('gateway.js', JSON.stringify(settings))
  const { url } = await child.ask()
  const meter = new ProcessorMeter(server.dataDirectory, async () => (await child.ask('time')).processorTime)
  return { url: `${url}/graphql`, meter }
}

/** A login with the rights of one organization and its path, set once and for all; its time limit is still set. */
async function unwalledLogin({ admin, adminUrl }, { tenant }) {
  const name = `unwalled_${tenant}`
  await admin.query(`create role ${name} login inherit in role ${roleOf(tenant)} password 'unwalled';
    alter role ${name} set search_path = ${schemaOf(tenant)}, public;
    grant execute on function pg_catalog.set_config to ${name}`)
  return urlAs(adminUrl, name, 'unwalled')
}

/** Remembers what each request has to be answered with, once both gateways agree on the first organization. */
async function compareAnswers(requests, walled, unwalled) {
  for (const request of requests) request.answer = await answerOf(walled, request)
  assertEqualAnswers('20 usage events', requests[0].answer, await answerOf(unwalled, requests[0]))
}

async function measure({ walled, unwalled, load }, requests, { report, quick }) {
  const howLong = quick ? { amount: 3 * CONNECTIONS } : { seconds: 3 }
  const send = async ({ url }, chosen) => {
    const result = await load.ask({ url, requests: chosen, connections: CONNECTIONS, ...howLong })
    const { perSecond, answered, errors, timeouts, mismatches, non2xx } = result
    if (errors + timeouts + mismatches + non2xx > 0 || answered === 0) {
      throw new Error(`requests failed or were answered differently: ${JSON.stringify(result)}`)
    }
    return { calls: answered, perSecond }
  }
  const onRound = (round, { a, b }) =>
    report.say(`  round ${round}  with ${number(a)}/s  without ${number(b)}/s  ratio ${(a / b).toFixed(3)}`)
  const rounds = quick ? 1 : 11
  const one = [requests[0]]
  report.say(`one organization, ${CONNECTIONS} HTTP connections`)
  const result = await interleave({
    rounds,
    warmUp: quick ? 0 : 1,
    a: () => walled.meter.around(() => send(walled, one)),
    b: () => unwalled.meter.around(() => send(unwalled, one)),
    onRound,
  })
  report.say(
    `with walls 2 and 3 ${number(result.a)}/s, without ${number(result.b)}/s, ratio ${result.ratio.toFixed(3)} ` +
      `(quartiles ${result.lower.toFixed(3)} to ${result.upper.toFixed(3)})`,
  )
  report.say(`processor time a request: with ${walled.meter}; without ${unwalled.meter}`)
  const { perSecond } = await send(walled, requests)
  report.say(`${requests.length} organizations in turn: ${number(perSecond)}/s with walls`)
  return [
    {
      what: 'GraphQL request with / without walls 2 and 3',
      value: result.ratio.toFixed(2),
      target: `≥ ${TARGET.toFixed(2)}`,
      met: result.ratio >= TARGET,
    },
  ]
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LocalIssuer } from '../dist/http/authentication/local-issuer.js'
import { Child } from './support/child.js'
import { ProcessorMeter } from './support/processor-time.js'
import { assertEqualAnswers, number } from './support/report.js'
import { interleave } from './support/rounds.js'
import { addUsage, createTenants } from './support/tenants.js'

/** HTTP connections that each wait for an answer before the next request. */
const CONNECTIONS = 16

const QUERIES = {
  'one object': `query Viewer { viewer { role } }`,
  'one list': `query List { usageEvents(first: 50) { nodes { id occurredAt inputTokens outputTokens
    totalCost { amount currency } } } }`,
  nested: `query Nested($first: Int!, $tools: Boolean!) { usageEvents(first: $first) { nodes { ...E } } }
    fragment E on UsageEvent { id occurredAt inputTokens outputTokens totalCost { amount currency }
      tool @include(if: $tools) { name vendor } user { displayName email team { name } } }`,
}
const VARIABLES = { nested: { first: 50, tools: true } }

/**
 * What compiled execution saves: the same requests to a gateway as it is and to one with COMPILED_EXECUTION=off. The
 * ratio is that of the gateways' processor time a request; the rate shows what is left of it when Postgres works too.
 */
export async function run({ server, report, quick }) {
  const database = await server.database()
  const keys = await mkdtemp(join(tmpdir(), 'orgscope-bench-keys-'))
  const children = []
  const start = (name, ...words) => children[children.push(new Child(name, words)) - 1]
  try {
    const [tenant] = await createTenants(database, 1)
    await addUsage(database, tenant.tenant, quick ? 200 : 5_000)
    const issuer = await LocalIssuer.open(keys)
    const headers = {
      'content-type': 'application/json',
      'org-id': tenant.tenant,
      authorization: `Bearer ${await issuer.sign({ identityId: tenant.ownerId, expiresIn: 3_600 })}`,
    }
    const gateway = async (config) => {
      const child = start('gateway.js', JSON.stringify({ gatewayUrl: database.gatewayUrl, keys, config }))
      const { url } = await child.ask()
      return { url: `${url}/graphql`, child }
    }
    const [compiled, interpreted] = await Promise.all([gateway({}), gateway({ compiledExecution: false })])
    const sides = { compiled, interpreted }
    const load = start('load.js')
    const outcomes = []
    for (const [name, query] of Object.entries(QUERIES)) {
      const body = JSON.stringify({ query, variables: VARIABLES[name] ?? {} })
      outcomes.push(await compare({ server, report, quick, load }, name, sides, { headers, body }))
    }
    return outcomes
  } finally {
    await Promise.all(children.map((child) => child.stop()))
    await rm(keys, { recursive: true, force: true })
    await database.close()
  }
}

async function compare({ server, report, quick, load }, name, sides, request) {
  const answers = await Promise.all(
    Object.values(sides).map(async ({ url }) => {
      // The first time an operation is asked for, graphql-js executes it on both sides.
      for (let times = 0; times < 2; times += 1) await fetch(url, { method: 'POST', ...request })
      return (await fetch(url, { method: 'POST', ...request })).text()
    }),
  )
  assertEqualAnswers(name, ...answers)
  const howLong = quick ? { amount: 3 * CONNECTIONS } : { seconds: 3 }
  const meters = Object.fromEntries(
    Object.entries(sides).map(([side, { child }]) => [
      side,
      new ProcessorMeter(server.dataDirectory, async () => (await child.ask('time')).processorTime),
    ]),
  )
  const times = { compiled: [], interpreted: [] }
  const send = (side) => async () => {
    const { url, child } = sides[side]
    const before = (await child.ask('time')).processorTime
    const result = await meters[side].around(async () => {
      const sent = await load.ask({
        url,
        requests: [{ ...request, answer: answers[0] }],
        connections: CONNECTIONS,
        ...howLong,
      })
      const { answered, perSecond, errors, timeouts, mismatches, non2xx } = sent
      if (errors + timeouts + mismatches + non2xx > 0 || answered === 0)
        throw new Error(`requests failed or were answered differently: ${JSON.stringify(sent)}`)
      times[side].push({ answered })
      return { calls: answered, perSecond }
    })
    const last = times[side].at(-1)
    last.each = ((await child.ask('time')).processorTime - before) / last.answered
    return result
  }
  const result = await interleave({
    rounds: quick ? 1 : 7,
    a: send('compiled'),
    b: send('interpreted'),
    onRound: (round, { a, b }) => report.say(`  ${name}, round ${round}: ${number(a)}/s, ${number(b)}/s`),
  })
  const middle = (side) => times[side].map(({ each }) => each).sort((a, b) => a - b)[times[side].length >> 1]
  const ratio = middle('interpreted') / middle('compiled')
  report.say(
    `${name}: compiled ${number(result.a)}/s (${meters.compiled}), interpreted ${number(result.b)}/s (${meters.interpreted})`,
  )
  report.say(
    `${name}: requests a second ${result.ratio.toFixed(2)} times as many, processor time 1/${ratio.toFixed(2)}`,
  )
  return {
    what: `${name}: processor time interpreted / compiled`,
    value: ratio.toFixed(2),
    target: '≥ 1.00',
    met: ratio >= 1,
  }
}

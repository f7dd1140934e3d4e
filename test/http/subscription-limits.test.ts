import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashOfDocument } from '../../src/graphql/execution/persisted-documents.js'
import { TestGateway, type TestOrganization } from '../support/gateway.js'
import { overEventStream, overWebSocket, subscribed } from '../support/subscriber.js'

let gateway: TestGateway
let acme: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start({
    config: {
      maxQueryCost: 500,
      planLimits: { pro: { requestsPerMinute: 2 }, free: { requestsPerMonth: 1 } },
    },
  })
  acme = await gateway.organization()
})
afterAll(() => gateway?.close())

const transports = [
  ['WebSocket', overWebSocket],
  ['server-sent events', overEventStream],
] as const

type Subscribe = (typeof transports)[number][1]

/** What a client is told when a subscription is refused, over a connection that stays open. */
async function refusal(
  subscribe: Subscribe,
  organization: TestOrganization,
  document: string,
  variables = {},
) {
  const received = await subscribe(gateway, await organization.as('admin').headers(), document, variables)
  const how = await received.ended
  received.stop()
  const errors = received.messages.flatMap((message) => message.errors ?? [])
  return (errors.length > 0 ? errors : (how as typeof errors))[0]?.extensions
}

const TEAMS = 'subscription { entityChanged(type: TEAM) { cursor } }'
const node = (selection: string, before = '') =>
  `subscription ${selection.includes('$n') ? '($n: Int)' : ''} { ${before} entityChanged(type: TEAM) { node { ... on Team { ${selection} } } } }`
const many = (count: number, one: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => one(n)).join(' ')

describe.each(transports)('over %s', (_, subscribe) => {
  test.each<[string, string, string, object]>([
    ['nests too deep', node(`${'parent { '.repeat(30)} id ${'}'.repeat(30)}`), 'queryDepth', {}],
    ['renames too much', node(many(101, (n) => `a${n}: id`)), 'queryAliases', {}],
    ['has too many directives', node(`id ${'@include(if: true) '.repeat(101)}`), 'queryDirectives', {}],
    [
      'has too many fields at its top',
      node(
        'id',
        many(60, (n) => `a${n}: __typename`),
      ),
      'rootFields',
      {},
    ],
    ['costs too much', node('members(first: 500) { nodes { id } }'), 'queryCost', {}],
    ['costs too much by its variables', node('members(first: $n) { nodes { id } }'), 'queryCost', { n: 400 }],
  ])('what %s is refused like a query', async (_case, document, limit, variables) => {
    expect(await refusal(subscribe, acme, document, variables)).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      limit,
    })
  })

  test('a subscription is a request: it counts against the rate and the month', async () => {
    const hasty = await gateway.organization({ plan: 'pro' })
    for (let times = 0; times < 2; times++) await hasty.as('viewer').send('{ __typename }')
    expect(await refusal(subscribe, hasty, TEAMS)).toMatchObject({
      code: 'RATE_LIMITED',
      limit: 'requestsPerMinute',
    })
    const small = await gateway.organization({ plan: 'free' })
    await small.as('viewer').send('{ __typename }')
    expect(await refusal(subscribe, small, TEAMS)).toMatchObject({ code: 'QUOTA_EXCEEDED', allowed: 1 })
  })
})

describe('where only registered documents are served', () => {
  let closed: TestGateway
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orgscope-manifest-'))
    const manifest = join(folder, 'manifest.json')
    await writeFile(manifest, JSON.stringify({ [hashOfDocument(TEAMS)]: TEAMS }))
    closed = await TestGateway.start({
      database: gateway.database,
      config: { persistedDocuments: manifest, persistedOnly: true },
    })
  })
  afterAll(async () => {
    await closed?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test.each(transports)('no other one is subscribed to over %s', async (_, subscribe) => {
    const headers = await acme.as('admin').headers()
    const token = await closed.issuer.sign({
      identityId: await acme.as('admin').identityId(),
      expiresIn: 600,
    })
    const given = { ...headers, authorization: `Bearer ${token}` }
    const other = await subscribe(closed, given, 'subscription { entityChanged(type: TEAM) { objectId } }')
    const how = await other.ended
    const [error] = [...other.messages.flatMap(({ errors = [] }) => errors), ...[how].flat()]
    expect(error).toMatchObject({ extensions: { code: 'PERSISTED_QUERY_ONLY' } })
    const known = await subscribe(closed, given, TEAMS)
    await subscribed(closed, 1)
    known.stop()
    await subscribed(closed, 0)
  })
})

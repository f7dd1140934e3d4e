import {
  buildClientSchema,
  getIntrospectionQuery,
  lexicographicSortSchema,
  printSchema,
  type IntrospectionQuery,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { modulePartsOf } from '../../src/graphql/introspection/module-parts.js'
import { OfferedSchemas } from '../../src/graphql/introspection/offered-schemas.js'
import { modules } from '../../src/graphql/modules.js'
import { buildTenantSchema } from '../../src/graphql/tenant-schema.js'
import { disableModule, enableModule } from '../../src/tenancy/change-modules.js'
import { TestGateway, type TestOrganization } from '../support/gateway.js'
import { eventually, overEventStream, overWebSocket, subscribed } from '../support/subscriber.js'

let gateway: TestGateway
let acme: TestOrganization
let core: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  core = await gateway.organization({ modules: [] })
})
afterAll(() => gateway.close())

const enable = (
  organization: TestOrganization,
  access?: 'full' | 'trial' | 'read_only',
  expiresAt?: string,
) => enableModule(gateway.database.admin, organization.id, 'usage', { access, expiresAt })
const disable = (organization: TestOrganization) =>
  disableModule(gateway.database.admin, organization.id, 'usage')

const BOTH = '{ teams { totalCount } usageEvents { totalCount } }'
const RECORD = `mutation {
  recordUsage(events: [{ occurredAt: "2026-01-15T08:00:00Z", modelName: "gpt-4o-mini", inputTokens: 1, outputTokens: 1 }]) {
    accepted
  }
}`

async function codes(organization: TestOrganization, document: string): Promise<unknown[]> {
  const { errors, status } = await organization.as('admin').send(document)
  expect(status).toBe(200)
  return (errors ?? []).map(({ extensions }) => extensions.code)
}

describe('a module that is disabled', () => {
  test('answers so in its fields, beside the data of all others, and comes back with its data', async () => {
    const home = await gateway.organization()
    const admin = home.as('admin')
    await admin.query(RECORD)
    expect(await admin.query(BOTH)).toEqual({ teams: { totalCount: 0 }, usageEvents: { totalCount: 1 } })
    await disable(home)
    await eventually(() => codes(home, BOTH)).toEqual(['MODULE_NOT_ENABLED'])
    const { data, errors } = await admin.send(BOTH)
    expect(data).toEqual({ teams: { totalCount: 0 }, usageEvents: null })
    expect(errors).toMatchObject([{ path: ['usageEvents'], extensions: { module: 'usage' } }])
    expect(await codes(home, RECORD)).toEqual(['MODULE_NOT_ENABLED'])
    await enable(home)
    await eventually(() => codes(home, BOTH)).toEqual([])
    expect(await admin.query(BOTH)).toEqual({ teams: { totalCount: 0 }, usageEvents: { totalCount: 1 } })
  })

  test('is so on every gateway', async () => {
    const home = await gateway.organization()
    const other = await TestGateway.start({ database: gateway.database })
    try {
      const headers = await home.as('admin').headers()
      const token = await other.issuer.sign({
        identityId: await home.as('admin').identityId(),
        expiresIn: 60,
      })
      const ask = async () => {
        const beside = { ...headers, authorization: `Bearer ${token}` }
        const { errors } = await other.send('/graphql', beside, BOTH)
        return errors?.[0]?.extensions.code
      }
      expect(await ask()).toBeUndefined()
      await disable(home)
      await eventually(ask).toBe('MODULE_NOT_ENABLED')
    } finally {
      await other.close()
    }
  })

  test.each([
    ['a WebSocket', overWebSocket],
    ['server-sent events', overEventStream],
  ])('ends its subscriptions over %s, and no others', async (_, subscribe) => {
    const home = await gateway.organization()
    const headers = await home.as('admin').headers()
    const documents = [
      'subscription { usageEventAdded { cursor } }',
      'subscription { entityChanged(type: TEAM) { cursor } }',
    ]
    const [usage, teams] = await Promise.all(
      documents.map((document) => subscribe(gateway, headers, document)),
    )
    await subscribed(gateway, 2)
    await disable(home)
    await usage!.ended
    expect(usage!.messages.at(-1)?.errors?.[0]?.extensions).toEqual({
      code: 'MODULE_NOT_ENABLED',
      module: 'usage',
    })
    expect(teams!.isEnded()).toBe(false)
    teams!.stop()
    await subscribed(gateway, 0)
  })
})

describe('access', () => {
  test('for reading reads, and refuses to write', async () => {
    const home = await gateway.organization()
    await enable(home, 'read_only')
    await eventually(() => codes(home, RECORD)).toEqual(['MODULE_READ_ONLY'])
    expect(await codes(home, BOTH)).toEqual([])
    expect((await home.as('admin').refusal(RECORD)).extensions).toEqual({
      code: 'MODULE_READ_ONLY',
      module: 'usage',
    })
    expect(await home.as('admin').query('{ viewer { moduleAccess { name access expiresAt } } }')).toEqual({
      viewer: {
        moduleAccess: [
          { name: 'core', access: 'FULL', expiresAt: null },
          { name: 'usage', access: 'READ_ONLY', expiresAt: null },
        ],
      },
    })
  })

  test('that expires ends at its moment, in requests and in subscriptions, and says when it ended', async () => {
    const home = await gateway.organization()
    const document = 'subscription { usageEventAdded { cursor } }'
    const seen = await overWebSocket(gateway, await home.as('admin').headers(), document)
    await subscribed(gateway, 1)
    const expiresAt = new Date(Date.now() + 500).toISOString()
    await enable(home, 'trial', expiresAt)
    await seen.ended
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt))
    const ended = { code: 'MODULE_NOT_ENABLED', module: 'usage', endedAt: expiresAt }
    expect(seen.messages.at(-1)?.errors?.[0]?.extensions).toEqual(ended)
    expect((await home.as('admin').refusal('{ usageEvents { totalCount } }')).extensions).toEqual(ended)
    expect(await home.as('admin').query('{ viewer { modules } }')).toEqual({ viewer: { modules: ['core'] } })
  })
})

describe('introspection', () => {
  async function shown(organization: TestOrganization): Promise<string> {
    const data = await organization
      .as('viewer')
      .query<IntrospectionQuery & Record<string, unknown>>(
        getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true, schemaDescription: true }),
      )
    return printSchema(lexicographicSortSchema(buildClientSchema(data)))
  }

  test('shows everything where every module is', async () => {
    expect(await shown(acme)).toBe(printSchema(lexicographicSortSchema(buildTenantSchema())))
  })

  test('shows nothing of a module the organization does not have', async () => {
    const sdl = await shown(core)
    expect(sdl).not.toMatch(/usage_?event|recordUsage/i)
    for (const part of ['type Team ', 'createTeam(', 'entityChanged(', 'enum EntityType', 'type Tool ']) {
      expect(sdl).toContain(part)
    }
  })

  test('follows the modules', async () => {
    const home = await gateway.organization({ modules: [] })
    const asks = '{ __type(name: "UsageEvent") { name } }'
    expect(await home.as('viewer').query(asks)).toEqual({ __type: null })
    await enable(home)
    await eventually(() => home.as('viewer').query(asks)).toEqual({ __type: { name: 'UsageEvent' } })
    await disable(home)
    await eventually(() => home.as('viewer').query(asks)).toEqual({ __type: null })
  })

  test.each([
    [
      'together with data and fields of missing modules',
      `query ($filter: UsageEventFilter, $name: String!) {
        teams { totalCount } ...Asked usageEvents(filter: $filter) { totalCount } last: __typename
      }
      fragment Asked on Query { asked: __type(name: $name) { fields { name } } viewer { role } }`,
      { name: 'UsageEvent', filter: {} },
      ['teams', 'asked', 'viewer', 'usageEvents', 'last'],
      { teams: { totalCount: 0 }, asked: null, viewer: { role: 'VIEWER' }, usageEvents: null, last: 'Query' },
    ],
    [
      'under conditions',
      `query ($no: Boolean!) { __schema @include(if: $no) { types { name } } viewer { role } }`,
      { no: false },
      ['viewer'],
      { viewer: { role: 'VIEWER' } },
    ],
  ])('is answered %s', async (_, document, variables, keys, expected) => {
    const viewer = core.as('viewer')
    for (let time = 0; time < 3; time++) {
      const { data } = await viewer.send(document, variables)
      expect(data).toEqual(expected)
      expect(Object.keys(data)).toEqual(keys)
    }
  })

  test('refuses wrong variables like any other query', async () => {
    const viewer = core.as('viewer')
    const asked = await viewer.send('query ($name: String!) { __type(name: $name) { name } viewer { role } }')
    const plain = await viewer.send('query ($name: ID!) { team(id: $name) { name } viewer { role } }')
    expect([asked.status, asked.data]).toEqual([plain.status, plain.data])
    expect(asked.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
  })

  test('is made once for each set of modules', () => {
    const whole = buildTenantSchema()
    const offered = new OfferedSchemas(whole, modulePartsOf(modules))
    expect(offered.of(() => true)).toBe(whole)
    expect(offered.of(() => false)).toBe(offered.of((module) => module === 'unheard of'))
  })
})

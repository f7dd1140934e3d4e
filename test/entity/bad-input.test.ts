import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeId } from '../../src/entity/global-id.js'
import { TestGateway, type TestClient, type TestOrganization } from '../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
let other: TestOrganization
let admin: TestClient
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  other = await gateway.organization()
  admin = acme.as('admin')
})
afterAll(() => gateway?.close())
beforeEach(async () => {
  for (const organization of [acme, other]) {
    await organization.sql('update teams set parent_team_id = null')
    await organization.sql('delete from teams')
  }
})

const CREATE = `mutation($input: CreateTeamInput!) { createTeam(input: $input) { team { id settings } } }`
const CREATE_MANY = `mutation($inputs: [CreateTeamInput!]!) { createTeams(inputs: $inputs) {
  results { team { name } error { code field } } } }`
const teams = async (organization: TestOrganization) =>
  organization.sql<Record<string, unknown>>('select * from teams order by id')

async function teamOf(organization: TestOrganization, name: string): Promise<string> {
  const [row] = await organization.sql<{ id: string }>('insert into teams (name) values ($1) returning id', [
    name,
  ])
  return encodeId('Team', [row!.id])
}

describe('ids of two organizations in one mutation', () => {
  test('are refused where the foreign one stands, as if there were no such object', async () => {
    const [own, foreign] = [await teamOf(acme, 'Own'), await teamOf(other, 'Foreign')]
    const before = await teams(other)
    const nowhere = encodeId('Team', ['00000000-0000-7000-8000-000000000000'])
    for (const [document, field] of [
      [`mutation($id: ID!) { moveTeam(input: { id: "${own}", under: $id }) { team { id } } }`, undefined],
      [`mutation($id: ID!) { moveTeam(input: { id: $id, under: "${own}" }) { team { id } } }`, undefined],
      [
        `mutation($id: ID!) { createTeam(input: { name: "A", parentTeamId: $id }) { team { id } } }`,
        'parentTeamId',
      ],
      [
        `mutation($id: ID!) { upsertTeam(input: { name: "A", parentTeamId: $id }) { team { id } } }`,
        'parentTeamId',
      ],
      [`mutation($id: ID!) { restoreTeam(id: $id) { team { id } } }`, undefined],
      [
        `mutation($id: ID!) { updateTeam(input: { id: $id, name: "B" }, expectedUpdatedAt: "2000-01-01T00:00:00Z") { team { id } } }`,
        undefined,
      ],
    ] as const) {
      const refusal = await admin.refusal(document, { id: foreign })
      expect(refusal).toEqual(await admin.refusal(document, { id: nowhere }))
      expect(refusal.extensions).toMatchObject(
        field === undefined ? { code: 'NOT_FOUND' } : { code: 'BAD_USER_INPUT', field },
      )
    }
    expect(await teams(other)).toEqual(before)
    expect(await teams(acme)).toHaveLength(1)
  })

  test('of a batch spoil the items they stand in', async () => {
    const [own, foreign] = [await teamOf(acme, 'Own'), await teamOf(other, 'Foreign')]
    const data = await admin.query(CREATE_MANY, {
      inputs: [{ name: 'A', parentTeamId: own }, { name: 'B', parentTeamId: foreign }, { name: 'C' }],
    })
    expect(data).toEqual({
      createTeams: {
        results: [
          { team: { name: 'A' }, error: null },
          { team: null, error: { code: 'BAD_USER_INPUT', field: 'parentTeamId' } },
          { team: { name: 'C' }, error: null },
        ],
      },
    })
    expect(await teams(other)).toHaveLength(1)
  })
})

/** `{ a: { a: … } }` or lists in each other. */
function nested(depth: number, list = false): unknown {
  let value: unknown = list ? [] : {}
  for (let level = 1; level < depth; level++) value = list ? [value] : { a: value }
  return value
}

describe('JSON', () => {
  test('is kept as it was sent, up to 32 deep', async () => {
    const settings = {
      ...(nested(32) as object),
      list: nested(31, true),
      text: '\\u0000 "é" 😀',
      none: null,
      number: -1.5e-7,
    }
    const { createTeam } = await admin.query<{ createTeam: { team: { settings: unknown } } }>(CREATE, {
      input: { name: 'A', settings },
    })
    expect(createTeam.team.settings).toEqual(settings)
  })

  test.each([
    ['33 deep', nested(33)],
    ['deep in lists', { a: nested(32, true) }],
    ['5,000 deep', nested(5_000)],
    ['20,000 lists deep', { a: nested(20_000, true) }],
  ])('that is %s is refused', async (_, settings) => {
    // Written by hand: what JSON.stringify could not write, a client still may send.
    const refusal = await raw(`{"input":{"name":"A","settings":${textOf(settings)}}}`)
    expect(refusal.code).toBe('BAD_USER_INPUT')
    expect(refusal.message).toMatch(/nested 32 deep/)
    expect(refusal.message.length).toBeLessThan(400)
    expect(await teams(acme)).toEqual([])
  })

  test('that is deep is refused as a literal too', async () => {
    const literal = `${'{a:'.repeat(40)}1${'}'.repeat(40)}`
    const refusal = await admin.refusal(
      `mutation { createTeam(input: { name: "A", settings: ${literal} }) { team { id } } }`,
    )
    expect(refusal.message).toMatch(/nested 32 deep/)
  })

  test('beyond 65,536 characters is refused, naming the limit', async () => {
    const settings = { text: 'x'.repeat(65_536) }
    expect((await admin.refusal(CREATE, { input: { name: 'A', settings } })).extensions).toEqual({
      code: 'LIMIT_EXCEEDED',
      field: 'settings',
      limit: 'settings',
      allowed: 65_536,
      asked: 65_547,
    })
    const { createTeams } = await admin.query<{ createTeams: unknown }>(CREATE_MANY, {
      inputs: [{ name: 'A', settings }, { name: 'B' }],
    })
    expect(createTeams).toEqual({
      results: [
        { team: null, error: { code: 'LIMIT_EXCEEDED', field: 'settings' } },
        { team: { name: 'B' }, error: null },
      ],
    })
  })

  test.each(['9007199254740993', '-9007199254740992', '1e300', '123456789012345678901234567890'])(
    'with the number %s, which would be rounded, is refused',
    async (number) => {
      for (const refusal of [
        await raw(`{"input":{"name":"A","settings":{"a":[${number}]}}}`),
        await admin.refusal(
          `mutation { createTeam(input: { name: "A", settings: { a: [${number}] } }) { team { id } } }`,
        ),
      ]) {
        expect(refusal.message).toMatch(/send it as a string/)
        expect(refusal.code).toMatch(/BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED/)
      }
      expect(await teams(acme)).toEqual([])
    },
  )

  test('of an event is held to the same depth', async () => {
    const refusal = await admin.refusal(
      `mutation($metadata: JSONObject) { recordUsage(events: [{ occurredAt: "2026-01-01T00:00:00Z", metadata: $metadata }]) { accepted } }`,
      { metadata: nested(33) },
    )
    expect(refusal.message).toMatch(/nested 32 deep/)
  })

  /** Sends variables as text, and returns the error there must be. */
  async function raw(variables: string): Promise<{ code: unknown; message: string }> {
    const response = await gateway.server.inject({
      method: 'POST',
      url: '/graphql',
      headers: { 'content-type': 'application/json', ...(await admin.headers()) },
      payload: `{"query":${JSON.stringify(CREATE)},"variables":${variables}}`,
    })
    const { errors } = JSON.parse(response.body) as {
      errors: { message: string; extensions: { code: unknown } }[]
    }
    return { code: errors[0]?.extensions.code, message: errors[0]?.message ?? '' }
  }
})

/** JSON of objects with one key and lists with one item, without recursion. */
function textOf(value: unknown): string {
  let [head, tail] = ['', '']
  for (let part = value; part !== undefined;) {
    if (Array.isArray(part)) {
      ;[head, tail] = [`${head}[`, `]${tail}`]
      part = part[0]
    } else {
      const below = (part as { a?: unknown }).a
      ;[head, tail] = [`${head}{${below === undefined ? '' : '"a":'}`, `}${tail}`]
      part = below
    }
  }
  return head + tail
}

describe('numbers', () => {
  const RECORD = `mutation($event: RecordUsageInput!) { recordUsage(events: [$event]) { accepted results { id reason } } }`
  const event = {
    occurredAt: '2026-01-01T00:00:00Z',
    modelName: 'gpt-4o-mini',
    inputTokens: 1,
    outputTokens: 1,
  }

  test('beyond 2^53 are refused where integers are wanted', async () => {
    const refusal = await admin.refusal(RECORD, { event: { ...event, inputTokens: 2 ** 53 } })
    expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT' })
    expect(refusal.message).toContain('event.inputTokens')
  })

  test('with 40 digits behind the point are kept to the last one', async () => {
    const amount = `0.${'1234567890'.repeat(4)}`
    const { recordUsage } = await admin.query<{ recordUsage: { accepted: number } }>(RECORD, {
      event: { ...event, reportedCost: { amount, currency: 'EUR' } },
    })
    expect(recordUsage.accepted).toBe(1)
    const [row] = await acme.sql<{ cost: string }>('select reported_cost::text as cost from usage_events')
    expect(row).toEqual({ cost: amount })
  })

  test('with more than 100 digits on a side are refused', async () => {
    for (const amount of [`0.${'1'.repeat(101)}`, '1'.repeat(101)]) {
      const refusal = await admin.refusal(RECORD, {
        event: { ...event, reportedCost: { amount, currency: 'EUR' } },
      })
      expect(refusal).toMatchObject({ code: 'BAD_USER_INPUT' })
    }
  })
})

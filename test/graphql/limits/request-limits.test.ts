import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestGateway, type Answer, type TestOrganization } from '../../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start({
    config: {
      maxQueryCost: 2_000,
      maxConcurrentRequests: 4,
      planLimits: { pro: { requestsPerMinute: 3 }, free: { queryCost: 20, queryDepth: 3 } },
    },
  })
  acme = await gateway.organization()
})
afterAll(() => gateway?.close())

const extensionsOf = ({ errors }: Answer<unknown>) => errors?.map(({ extensions }) => extensions)

/** Sets an organization's own limits, as an operator does. */
async function setLimits({ organizationId, gateway: { database } }: TestOrganization, limits: object) {
  await database.admin.query(
    `update public.organizations set settings = jsonb_build_object('limits', $2::jsonb) where id = $1`,
    [organizationId, JSON.stringify(limits)],
  )
  gateway.directory.forget()
}

describe('before the database is asked, a request is refused that', () => {
  const deep = (levels: number) =>
    `{ teams { nodes ${'{ parent '.repeat(levels)} { id } ${'}'.repeat(levels)} } }`
  const cases: [string, string, string, number, unknown][] = [
    ['nests fields 50 levels deep', deep(47), 'queryDepth', 20, 50],
    [
      'nests fields deeper than a parser can follow',
      `${'{ a '.repeat(4_900)}${'}'.repeat(4_900)}`,
      'queryDepth',
      20,
      'more than 20',
    ],
    [
      'renames 2,000 fields',
      `{ teams { nodes { ${Array.from({ length: 2_000 }, (_, n) => `a${n}: id`).join(' ')} } } }`,
      'queryAliases',
      100,
      2_000,
    ],
    [
      'repeats a field 5,000 times',
      `{ teams { nodes { ${'id '.repeat(5_000)} } } }`,
      'queryAliases',
      100,
      4_999,
    ],
    [
      'has 60 fields at its top',
      `{ ${Array.from({ length: 60 }, (_, n) => `a${n}: __typename`).join(' ')} }`,
      'rootFields',
      50,
      60,
    ],
    [
      'has 101 directives',
      `{ teams { nodes { id ${'@include(if: true) '.repeat(101)} } } }`,
      'queryDirectives',
      100,
      101,
    ],
    [
      'multiplies fields by fragments',
      `{ ...A } ${'ABCDEFG'
        .split('')
        .map((name, n) => `fragment ${name} on Query { ${`...${'BCDEFGH'[n]} `.repeat(8)} }`)
        .join(' ')} fragment H on Query { teams { totalCount } }`,
      'rootFields',
      50,
      2_097_152,
    ],
    [
      'could be answered with 257,601 values',
      '{ teams { nodes { members { nodes { teams: team { members { nodes { id } } } } } } } }',
      'queryCost',
      2_000,
      257_601,
    ],
    [
      'has 10,000 names for a field',
      `{ ${Array.from({ length: 10_000 }, (_, n) => `a${n}: __typename`).join(' ')} }`,
      'queryTokens',
      10_000,
      'more than 10000',
    ],
  ]

  test.each(cases)('%s', async (_what, query, limit, allowed, asked) => {
    const headers = await acme.as('owner').headers()
    gateway.statements.length = 0
    const answer = await gateway.send(
      '/graphql',
      { ...headers, accept: 'application/graphql-response+json' },
      query,
    )
    expect(answer.status).toBe(400)
    expect(answer.data).toBeUndefined()
    expect(extensionsOf(answer)).toEqual([{ code: 'LIMIT_EXCEEDED', limit, allowed, asked }])
    expect(gateway.statements).toEqual([])
  })

  test('has a body of 5 MB', async () => {
    const answer = await acme.as('owner').send(`{ teams { totalCount } } # ${'x'.repeat(5_000_000)}`)
    expect(answer.status).toBe(400)
    expect(extensionsOf(answer)).toMatchObject([
      { code: 'LIMIT_EXCEEDED', limit: 'bodyBytes', allowed: 1_048_576 },
    ])
  })

  test('has fragments that go in circles', async () => {
    const query =
      '{ teams { nodes { ...A } } } fragment A on Team { id ...B } fragment B on Team { name parent { ...A } }'
    const { code, message } = await acme.as('owner').refusal(query)
    expect(code).toBe('GRAPHQL_VALIDATION_FAILED')
    expect(message).toContain('within itself')
  })

  test('is several requests in one', async () => {
    const headers = await acme.as('owner').headers()
    const { statusCode, body } = await gateway.server.inject({
      method: 'POST',
      url: '/graphql',
      headers: { ...headers, 'content-type': 'application/json' },
      payload: JSON.stringify([{ query: '{ teams { totalCount } }' }]),
    })
    expect(statusCode).toBe(400)
    expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
  })

  test.each(['multipart/form-data; boundary=x', 'text/plain', 'application/x-www-form-urlencoded'])(
    'a foreign web page could send as %s',
    async (type) => {
      const headers = await acme.as('owner').headers()
      const { statusCode } = await gateway.server.inject({
        method: 'POST',
        url: '/graphql',
        headers: { ...headers, 'content-type': type },
        payload:
          '--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{"query":"{ teams { totalCount } }"}\r\n--x--',
      })
      expect([400, 415]).toContain(statusCode)
    },
  )
})

describe('the cost of a query', () => {
  test('is told to those who ask, and to nobody else', async () => {
    const headers = await acme.as('owner').headers()
    const query = '{ teams(first: 20) { nodes { members(first: 10) { nodes { id } } } } }'
    const ask = async (extra: Record<string, string>) =>
      (await gateway.send('/graphql', { ...headers, ...extra }, query)) as unknown as { extensions?: unknown }
    expect((await ask({ 'x-orgscope-cost': '1' })).extensions).toEqual({
      cost: { asked: 441, allowed: 2_000 },
    })
    expect((await ask({})).extensions).toBeUndefined()
  })
})

describe('limits', () => {
  test('of a plan win over the general ones, those of an organization over both', async () => {
    const small = await gateway.organization({ plan: 'free' })
    const owner = small.as('owner')
    const query = '{ teams(first: 11) { nodes { id } } }'
    expect((await owner.refusal(query)).extensions).toMatchObject({
      limit: 'queryCost',
      allowed: 20,
      asked: 23,
    })
    expect((await owner.refusal('{ teams(first: 1) { nodes { lead { id } } } }')).extensions).toMatchObject({
      limit: 'queryDepth',
      allowed: 3,
    })
    await setLimits(small, { queryCost: 23, queryDepth: 'much', unknown: 5 })
    await owner.query(query)
    expect((await owner.refusal('{ teams(first: 1) { nodes { lead { id } } } }')).extensions).toMatchObject({
      allowed: 3,
    })
    await setLimits(small, { queryCost: 4, queryDepth: 9 })
    expect((await owner.refusal(query)).extensions).toMatchObject({ allowed: 4 })
    await owner.query('{ teams(first: 1) { nodes { lead { id } } } }')
  })

  test('of requests a minute are one organization’s own, and say when to come back', async () => {
    const busy = await gateway.organization({ plan: 'pro' })
    const headers = await busy.as('owner').headers()
    const ask = () => gateway.send('/graphql', headers, '{ teams { totalCount } }')
    const served = [await ask(), await ask(), await ask()]
    expect(
      served.map(({ status, headers: { 'ratelimit-limit': limit, 'ratelimit-remaining': left } }) => [
        status,
        limit,
        left,
      ]),
    ).toEqual([
      [200, '3', '2'],
      [200, '3', '1'],
      [200, '3', '0'],
    ])
    const refused = await ask()
    const retryAfter = Number(refused.headers['retry-after'])
    expect(refused.status).toBe(429)
    expect(retryAfter).toBeGreaterThan(0)
    expect(retryAfter).toBeLessThanOrEqual(20)
    expect(extensionsOf(refused)).toEqual([
      { code: 'RATE_LIMITED', limit: 'requestsPerMinute', allowed: 3, retryAfter },
    ])
    expect(refused.headers).toMatchObject({ 'ratelimit-remaining': '0', 'ratelimit-policy': '3;w=60' })
    await acme.as('owner').query('{ teams { totalCount } }')
  })

  test('of requests a minute are those of the API key when there is one', async () => {
    const owner = acme.as('owner')
    const issue = `mutation ($name: String!) { createApiKey(input: { name: $name, role: "viewer" }) { secret apiKey { id } } }`
    const keys = await Promise.all(
      ['one', 'two'].map(
        async (name) =>
          (await owner.query<{ createApiKey: { secret: string } }>(issue, { name })).createApiKey.secret,
      ),
    )
    await acme.sql(
      `update public.api_keys set rate_limit = 2 where organization_id = '${acme.organizationId}' and name = 'one'`,
    )
    gateway.directory.forget()
    const ask = (key: string) => gateway.send('/graphql', { 'x-api-key': key }, '{ teams { totalCount } }')
    const answers = [await ask(keys[0]!), await ask(keys[0]!), await ask(keys[0]!), await ask(keys[1]!)]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 200])
    expect(answers[2]!.headers['ratelimit-limit']).toBe('2')
  })

  test('of requests at once are kept, and given back', async () => {
    const headers = await acme.as('owner').headers()
    const lock = await gateway.database.admin.connect()
    try {
      await lock.query(`begin; lock table org_${acme.id}.teams in access exclusive mode`)
      const ask = () => gateway.send('/graphql', headers, '{ teams { totalCount } }')
      const waiting = Array.from({ length: 4 }, ask)
      await expect
        .poll(async () => {
          const { rows } = await gateway.database.admin.query(
            `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          )
          return rows.length
        })
        .toBe(4)
      expect(extensionsOf(await ask())).toEqual([
        { code: 'RATE_LIMITED', limit: 'concurrentRequests', allowed: 4, retryAfter: 1 },
      ])
      await lock.query('rollback')
      expect(
        (await Promise.all(waiting)).filter(({ status }) => status === 200).length,
      ).toBeGreaterThanOrEqual(3)
      expect((await ask()).status).toBe(200)
    } finally {
      lock.release(true)
    }
  })
})

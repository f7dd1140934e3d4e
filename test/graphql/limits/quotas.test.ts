import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestGateway, type Answer, type TestOrganization } from '../../support/gateway.js'

const HOUR = 3_600_000
/** An hour before the end of a month; tests move it. */
let now = Date.parse('2026-03-31T23:00:00Z')

/** Statements that counting took. */
const looked: string[] = []

let gateway: TestGateway
let second: TestGateway
beforeAll(async () => {
  const counts = { now: () => now }
  const onStatement = (sql: string): void => void looked.push(sql)
  gateway = await TestGateway.start({
    counts: { ...counts, onStatement },
    config: { planLimits: { pro: { requestsPerMonth: 2 } } },
  })
  second = await TestGateway.start({ counts, database: gateway.database })
})
afterAll(async () => {
  await second?.close()
  await gateway?.close()
})

/** A key with a quota, which asks through either gateway. */
async function keyWith(organization: TestOrganization, quota: number) {
  const { createApiKey } = await organization
    .as('owner')
    .query<{ createApiKey: { secret: string } }>(
      `mutation { createApiKey(input: { name: "Robot", role: "viewer" }) { secret } }`,
    )
  const [row] = await organization.sql<{ id: string }>(
    'update public.api_keys set monthly_quota = $2 where organization_id = $1 returning id',
    [organization.organizationId, quota],
  )
  for (const { directory } of [gateway, second]) directory.forget()
  const ask = (at: TestGateway = gateway, query = '{ __typename }') =>
    at.send('/graphql', { 'x-api-key': createApiKey.secret }, query)
  return { id: row!.id, ask }
}

const flush = async () => {
  await gateway.counts.flush()
  await second.counts.flush()
  // What the first one added since the second one's flush is known to both only now.
  await gateway.counts.flush()
}
const refusalOf = ({ status, errors, headers }: Answer<unknown>) => ({
  status,
  retryAfter: headers['retry-after'],
  ...errors?.[0]?.extensions,
})

describe('a key', () => {
  test('is served as often as its quota says, then refused until the next month begins', async () => {
    const { ask } = await keyWith(await gateway.organization(), 3)
    for (let times = 0; times < 3; times++) expect((await ask()).status).toBe(200)
    expect(refusalOf(await ask())).toEqual({
      status: 429,
      retryAfter: 3600,
      code: 'QUOTA_EXCEEDED',
      limit: 'apiKey.monthlyQuota',
      allowed: 3,
    })
    expect((await ask()).errors?.[0]?.message).toMatch(/3 requests of this calendar month/)
    now += HOUR
    expect((await ask()).status).toBe(200)
    now -= HOUR
  })

  test('has one quota for all gateways, which learn of each other with every flush', async () => {
    const { ask } = await keyWith(await gateway.organization(), 5)
    for (let times = 0; times < 2; times++) await ask(gateway)
    for (let times = 0; times < 2; times++) await ask(second)
    await flush()
    expect((await ask(second)).status).toBe(200)
    await flush()
    expect([(await ask(gateway)).status, (await ask(second)).status]).toEqual([429, 429])
  })

  test('is counted again where a gateway starts anew, and when it was used is known', async () => {
    const acme = await gateway.organization()
    const { ask, id } = await keyWith(acme, 2)
    await ask()
    await ask()
    await gateway.counts.flush()
    expect(
      await acme.sql('select period::text, request_count from public.api_key_usage where api_key_id = $1', [
        id,
      ]),
    ).toEqual([{ period: '2026-03-01', request_count: 2 }])
    const { apiKeys } = await acme.as('owner').query('{ apiKeys { nodes { lastUsedAt } } }')
    expect(apiKeys).toEqual({ nodes: [{ lastUsedAt: expect.any(String) as string }] })
    const third = await TestGateway.start({ counts: { now: () => now }, database: gateway.database })
    try {
      expect((await ask(third)).status).toBe(429)
    } finally {
      await third.close()
    }
  })

  test('costs the database one look-up, and nothing for the requests after it', async () => {
    const { ask } = await keyWith(await gateway.organization(), 100)
    looked.length = 0
    await ask()
    expect(looked.splice(0)).toHaveLength(1)
    await Promise.all(Array.from({ length: 20 }, () => ask()))
    expect(looked).toEqual([])
  })

  test('that asks for too much, or that is sent away for its haste, does not use its quota', async () => {
    const acme = await gateway.organization()
    const { ask, id } = await keyWith(acme, 100)
    await acme.sql('update public.api_keys set rate_limit = 2 where id = $1', [id])
    gateway.directory.forget()
    await ask(gateway, `{ ${Array.from({ length: 60 }, (_, n) => `a${n}: __typename`).join(' ')} }`)
    await ask()
    expect((await ask()).errors?.[0]?.extensions['code']).toBe('RATE_LIMITED')
    await gateway.counts.flush()
    const [row] = await acme.sql('select request_count from public.api_key_usage where api_key_id = $1', [id])
    expect(row).toEqual({ request_count: 1 })
  })

  test('with nothing left is refused before anything is done', async () => {
    const acme = await gateway.organization()
    const { ask } = await keyWith(acme, 0)
    expect(
      (await ask(gateway, 'mutation { createTeam(input: { name: "No" }) { team { id } } }')).status,
    ).toBe(429)
    expect(await acme.sql('select 1 from teams')).toEqual([])
  })
})

describe('an organization', () => {
  const ask = (organization: TestOrganization) => organization.as('viewer').send('{ __typename }')

  test('has the quota of its plan, and none when that has none', async () => {
    const small = await gateway.organization({ plan: 'pro' })
    expect([(await ask(small)).status, (await ask(small)).status]).toEqual([200, 200])
    expect(refusalOf(await ask(small))).toMatchObject({
      status: 429,
      code: 'QUOTA_EXCEEDED',
      limit: 'requestsPerMonth',
      allowed: 2,
    })
    const large = await gateway.organization()
    for (let times = 0; times < 4; times++) expect((await ask(large)).status).toBe(200)
    await gateway.counts.flush()
    expect(await large.sql('select organization_id from public.organization_api_usage')).toEqual([
      { organization_id: small.organizationId },
    ])
  })

  test('has its own quota before that of its plan, for people and keys together', async () => {
    const acme = await gateway.organization({ plan: 'pro' })
    await acme.sql('update public.organizations set api_quota_monthly = 3 where id = $1', [
      acme.organizationId,
    ])
    gateway.directory.forget()
    const key = await keyWith(acme, 100)
    expect([(await ask(acme)).status, (await key.ask()).status]).toEqual([200, 200])
    expect(refusalOf(await key.ask())).toMatchObject({ code: 'QUOTA_EXCEEDED', allowed: 3 })
  })
})

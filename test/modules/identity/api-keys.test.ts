import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../../src/config.js'
import { encodeId } from '../../../src/entity/global-id.js'
import { tenantApi } from '../../../src/graphql/tenant-api.js'
import { createAuthenticator } from '../../../src/http/authentication/authenticate.js'
import { createLogger } from '../../../src/http/logger.js'
import { createHttpServer } from '../../../src/http/server.js'
import { DirectoryListener } from '../../../src/tenancy/directory-listener.js'
import { TenantDirectory } from '../../../src/tenancy/tenant-directory.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
})
afterAll(() => gateway?.close())

const CREATE = `mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey {
  id name keyPrefix roleName status expiresAt revokedAt } } }`
const REVOKE = `mutation($id: ID!) { revokeApiKey(id: $id) { apiKey { id status revokedAt } } }`
const LIST = `{ apiKeys(first: 500, orderBy: [{ field: CREATED_AT, direction: DESC }]) { nodes { id name status } } }`

interface NewKey {
  readonly secret: string
  readonly apiKey: { readonly id: string; readonly keyPrefix: string } & Record<string, unknown>
}

async function createKey(input: Record<string, unknown>, role: 'owner' | 'admin' = 'owner'): Promise<NewKey> {
  const { createApiKey } = await acme.as(role).query<{ createApiKey: NewKey }>(CREATE, { input })
  return createApiKey
}

const keysInTotal = async () => (await acme.sql<{ count: number }>('select count(*) from api_keys'))[0]!.count
const lastEntry = async () =>
  (
    await acme.sql<Record<string, unknown>>(
      'select * from audit_logs order by occurred_at desc, id desc limit 1',
    )
  )[0]
const use = (secret: string, query = '{ viewer { role userId } }') =>
  gateway.send('/graphql', { 'x-api-key': secret }, query)

describe('a new key', () => {
  test('is shown once, works at once, and is stored as a hash only', async () => {
    const { secret, apiKey } = await createKey({ name: 'Reporter' })
    expect(apiKey).toMatchObject({
      name: 'Reporter',
      roleName: 'api_user',
      status: 'ACTIVE',
      expiresAt: null,
    })
    expect(secret.startsWith(apiKey.keyPrefix)).toBe(true)
    expect(secret.length).toBeGreaterThan(apiKey.keyPrefix.length + 30)
    expect((await use(secret)).data).toEqual({ viewer: { role: 'API_USER', userId: null } })
    const stored = await acme.sql(`select api_keys::text as row from api_keys
      union all select audit_logs::text from audit_logs`)
    expect(JSON.stringify(stored)).not.toContain(secret)
    const { node } = await acme
      .as('owner')
      .query<{ node: object }>(`query($id: ID!) { node(id: $id) { ... on ApiKey { name keyPrefix } } }`, {
        id: apiKey.id,
      })
    expect(node).toEqual({ name: 'Reporter', keyPrefix: apiKey.keyPrefix })
  })

  test('is in the audit trail with who made it, and so is what it does', async () => {
    const { secret, apiKey } = await createKey({ name: 'Traced' }, 'admin')
    const id = Buffer.from(apiKey.id, 'base64url').toString().split('\n')[1]
    expect(await lastEntry()).toMatchObject({
      event_type: 'create',
      resource_type: 'api_key',
      resource_id: id,
      user_id: await acme.as('admin').identityId(),
      actor_kind: 'user',
      new_values: { name: 'Traced', keyPrefix: apiKey.keyPrefix, roleName: 'api_user', expiresAt: null },
    })
    await use(
      secret,
      `mutation { recordUsage(events: [{ occurredAt: "2026-01-01T00:00:00Z", toolName: "X" }]) { accepted } }`,
    )
    expect(await lastEntry()).toMatchObject({
      resource_type: 'usage',
      user_id: null,
      actor_kind: 'api_key',
      api_key_id: id,
      actor_role_level: 'api_user',
    })
    expect(await acme.sql('select api_key_id from usage_events')).toEqual([{ api_key_id: id }])
  })

  test('acts with the role it was given', async () => {
    for (const role of ['owner', 'admin', 'member', 'viewer', 'api_user']) {
      const { secret } = await createKey({ name: role, role })
      expect((await use(secret)).data).toEqual({ viewer: { role: role.toUpperCase(), userId: null } })
    }
  })

  test('of an admin acts at most as admin', async () => {
    const before = await keysInTotal()
    expect(await acme.as('admin').refusal(CREATE, { input: { name: 'Up', role: 'owner' } })).toMatchObject({
      code: 'FORBIDDEN',
      extensions: { field: 'role' },
    })
    const { secret } = await createKey({ name: 'Same', role: 'admin' }, 'admin')
    const upwards = await use(
      secret,
      `mutation { createApiKey(input: { name: "Up", role: "owner" }) { secret } }`,
    )
    expect(upwards.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    expect(await keysInTotal()).toBe(before + 1)
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['an empty name', { name: '' }, 'name'],
    ['a name of spaces', { name: '  ' }, 'name'],
    ['a name that is too long', { name: 'x'.repeat(201) }, 'name'],
    ['a NUL character', { name: 'a\0' }, 'name'],
    ['an unknown role', { name: 'A', role: 'emperor' }, 'role'],
    ['an end in the past', { name: 'A', expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
  ])('with %s is refused, naming the field', async (_, input, field) => {
    const before = await keysInTotal()
    expect((await acme.as('owner').refusal(CREATE, { input })).extensions).toEqual({
      code: 'BAD_USER_INPUT',
      field,
    })
    expect(await keysInTotal()).toBe(before)
  })

  test('works until its end', async () => {
    const { secret, apiKey } = await createKey({
      name: 'Short',
      expiresAt: new Date(Date.now() + 600_000).toISOString(),
    })
    expect((await use(secret)).status).toBe(200)
    const id = Buffer.from(apiKey.id, 'base64url').toString().split('\n')[1]
    await acme.sql(
      `with changed as (update api_keys set expires_at = now() - interval '1 second' where id = $1 returning 1)
       select pg_notify('orgscope_directory', $2) from changed`,
      [id, acme.id],
    )
    await expect.poll(async () => (await use(secret)).status).toBe(401)
    expect((await use(secret)).errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
  })
})

describe('a revoked key', () => {
  test('works nowhere any more, on this gateway and on another one', async () => {
    const second = await secondGateway()
    try {
      const { secret, apiKey } = await createKey({ name: 'Everywhere' })
      expect([(await use(secret)).status, await second.status(secret)]).toEqual([200, 200])
      const { revokeApiKey } = await acme
        .as('admin')
        .query<{ revokeApiKey: { apiKey: object } }>(REVOKE, { id: apiKey.id })
      expect(revokeApiKey.apiKey).toMatchObject({ id: apiKey.id, status: 'REVOKED' })
      await expect.poll(() => second.status(secret), { timeout: 5_000, interval: 10 }).toBe(401)
      await expect.poll(async () => (await use(secret)).status, { timeout: 5_000, interval: 10 }).toBe(401)
      expect((await use(secret)).errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
    } finally {
      await second.close()
    }
  })

  test('stays in the list, and is revoked once only', async () => {
    const { apiKey } = await createKey({ name: 'Old' })
    const first = await acme.as('owner').query(REVOKE, { id: apiKey.id })
    const entry = await lastEntry()
    expect(entry).toMatchObject({
      event_type: 'update',
      resource_type: 'api_key',
      old_values: { status: 'active' },
      new_values: { status: 'revoked' },
    })
    expect(await acme.as('owner').query(REVOKE, { id: apiKey.id })).toEqual(first)
    expect(await lastEntry()).toEqual(entry)
    const { apiKeys } = await acme.as('owner').query<{ apiKeys: { nodes: object[] } }>(LIST)
    expect(apiKeys.nodes).toContainEqual({ id: apiKey.id, name: 'Old', status: 'REVOKED' })
  })

  test('may have been the one that revoked itself', async () => {
    const { secret, apiKey } = await createKey({ name: 'Last', role: 'admin' })
    const answer = await gateway.send('/graphql', { 'x-api-key': secret }, REVOKE, { id: apiKey.id })
    expect(answer.data).toMatchObject({ revokeApiKey: { apiKey: { status: 'REVOKED' } } })
    await expect.poll(async () => (await use(secret)).status).toBe(401)
  })

  test.each([
    ['that does not exist', encodeId('ApiKey', ['00000000-0000-7000-8000-000000000000']), 'NOT_FOUND'],
    [
      'named by the id of something else',
      encodeId('Team', ['00000000-0000-7000-8000-000000000000']),
      'BAD_USER_INPUT',
    ],
  ])('is none %s', async (_, id, code) => {
    expect(await acme.as('owner').refusal(REVOKE, { id })).toMatchObject({ code })
  })
})

test('keys of another organization are neither listed nor found nor revoked', async () => {
  const other = await gateway.organization()
  const { apiKey, secret } = await createKey({ name: 'Ours' })
  const { apiKeys, found } = await other
    .as('owner')
    .query<{ apiKeys: { nodes: unknown[] }; found: unknown }>(
      `query($id: ID!) { apiKeys { nodes { id } } found: apiKey(id: $id) { id } }`,
      { id: apiKey.id },
    )
  expect([apiKeys.nodes, found]).toEqual([[], null])
  expect(await other.as('owner').refusal(REVOKE, { id: apiKey.id })).toMatchObject({ code: 'NOT_FOUND' })
  expect((await use(secret)).status).toBe(200)
})

/** Another gateway on the same database, with a memory of its own. */
async function secondGateway() {
  const pool = gateway.database.pool(gateway.database.gatewayUrl, 2)
  const directory = new TenantDirectory(pool, { statementTimeout: 5_000 })
  const listener = new DirectoryListener(gateway.database.gatewayUrl, directory)
  await listener.start()
  const server = await createHttpServer({
    config: loadConfig({}, {}),
    apis: [tenantApi({ pool, directory, session: { statementTimeout: 5_000 } })],
    authenticate: createAuthenticator({ directory, issuers: [] }),
    readiness: async () => [],
    logger: createLogger('silent'),
  })
  return {
    async status(secret: string): Promise<number> {
      const { statusCode } = await server.inject({
        method: 'POST',
        url: '/graphql',
        headers: { 'x-api-key': secret },
        payload: { query: '{ viewer { role } }' },
      })
      return statusCode
    },
    async close(): Promise<void> {
      await server.close()
      await listener.stop()
    },
  }
}

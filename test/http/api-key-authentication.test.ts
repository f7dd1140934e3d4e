import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createApiKey, hashApiKey, isApiKeyForm } from '../../src/tenancy/api-key.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { type Answer, ask, eventually } from './support.js'
import { createOrganization, tenantGateway, type Organization, type TenantGateway } from './tenant-gateway.js'

let database: TestDatabase
let acme: Organization
let other: Organization
beforeAll(async () => {
  database = await freshDatabase()
  acme = await createOrganization(database)
  other = await createOrganization(database)
})
afterAll(() => database?.drop())

const HOUR = 3_600_000

const CREATE = `mutation ($input: CreateApiKeyInput!) {
  createApiKey(input: $input) { secret apiKey { id keyPrefix } }
}`
const REVOKE = `mutation ($id: ID!) { revokeApiKey(id: $id) { apiKey { status } } }`

interface Issued {
  readonly secret: string
  readonly apiKey: { readonly id: string; readonly keyPrefix: string }
}

async function issue(gateway: TenantGateway, input: Record<string, unknown> = {}): Promise<Issued> {
  const answer = await gateway.askAs(acme.ownerId, acme.tenant, CREATE, {
    input: { name: 'Test', role: 'viewer', ...input },
  })
  expect(answer.body.errors).toBeUndefined()
  return answer.body.data?.['createApiKey'] as Issued
}

function askWith(gateway: TenantGateway, key: string, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(`${gateway.url}/graphql`, '{ organization { orgKey } viewer { role } }', {
    'x-api-key': key,
    ...headers,
  })
}

function refusal({ status, body }: Answer): [number, string | undefined, string | undefined] {
  return [status, body.errors?.[0]?.extensions.code, body.errors?.[0]?.message]
}

describe('an API key', () => {
  test('selects its organization without a header and acts with its role', async () => {
    const gateway = await tenantGateway(database)
    const { secret, apiKey } = await issue(gateway)
    expect(secret.startsWith(`${apiKey.keyPrefix}_`)).toBe(true)
    const { body } = await askWith(gateway, secret)
    expect(body.data).toEqual({ organization: { orgKey: acme.tenant }, viewer: { role: 'VIEWER' } })
  })

  test('is of no use for another organization, which it cannot tell from an unknown one', async () => {
    const gateway = await tenantGateway(database)
    const { secret } = await issue(gateway)
    const foreign = await askWith(gateway, secret, { 'org-id': other.tenant })
    const unknown = await askWith(gateway, secret, { 'org-id': 'nobody' })
    expect(foreign.status).toBe(404)
    expect(refusal(foreign)[1]).toBe('TENANT_NOT_FOUND')
    expect(JSON.stringify(foreign.body).replaceAll(other.tenant, 'X')).toBe(
      JSON.stringify(unknown.body).replaceAll('nobody', 'X'),
    )
  })

  test('stops working when it is revoked, on every gateway', async () => {
    const [first, second] = [await tenantGateway(database), await tenantGateway(database)]
    const { secret, apiKey } = await issue(first)
    expect((await askWith(first, secret)).status).toBe(200)
    expect((await askWith(second, secret)).status).toBe(200)
    await first.askAs(acme.ownerId, acme.tenant, REVOKE, { id: apiKey.id })
    for (const gateway of [first, second]) {
      await eventually(async () => (await askWith(gateway, secret)).status).toBe(401)
      expect(refusal(await askWith(gateway, secret))).toEqual([
        401,
        'UNAUTHENTICATED',
        'The API key is unknown or was revoked.',
      ])
    }
  })

  test('stops working when its time is over, although it is remembered', async () => {
    const gateway = await tenantGateway(database)
    const expiresAt = new Date(Date.now() + HOUR).toISOString()
    const { secret } = await issue(gateway, { expiresAt })
    expect((await askWith(gateway, secret)).status).toBe(200)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * HOUR })
    onTestFinished(() => void vi.useRealTimers())
    expect(refusal(await askWith(gateway, secret))).toEqual([
      401,
      'UNAUTHENTICATED',
      'The API key has expired.',
    ])
  })

  test('that nobody made is refused, like one with a typing error', async () => {
    const gateway = await tenantGateway(database)
    const { secret } = await issue(gateway)
    const mistyped = secret.slice(0, -1) + (secret.endsWith('0') ? '1' : '0')
    for (const key of [createApiKey().key, mistyped, 'osk_x', 'x', `${secret}, ${secret}`]) {
      expect(refusal(await askWith(gateway, key))).toEqual([
        401,
        'UNAUTHENTICATED',
        'The API key is unknown or was revoked.',
      ])
    }
  })

  test('is kept as a hash only', async () => {
    const gateway = await tenantGateway(database)
    const { secret } = await issue(gateway)
    const { rows } = await database.admin.query<{ row: string }>(
      'select to_jsonb(k)::text as row from public.api_keys k where key_hash = $1',
      [hashApiKey(secret)],
    )
    expect(rows).toHaveLength(1)
    expect(rows[0]?.row).not.toContain(secret.slice(13))
  })
})

describe('the form of API keys', () => {
  test('is osk_, eight characters, and a secret with its checksum', () => {
    const { key, prefix, hash } = createApiKey()
    expect(key).toMatch(/^osk_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}$/)
    expect(key.slice(0, 12)).toBe(prefix)
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(isApiKeyForm(key)).toBe(true)
  })

  test('notices every single wrong character', () => {
    const { key } = createApiKey()
    const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_'
    fc.assert(
      fc.property(fc.nat({ max: key.length - 1 }), fc.constantFrom(...alphabet), (index, character) => {
        const changed = key.slice(0, index) + character + key.slice(index + 1)
        return isApiKeyForm(changed) === (changed === key)
      }),
    )
  })

  test('is met by no text that was not made as a key', () => {
    fc.assert(fc.property(fc.string(), (text) => !isApiKeyForm(text)))
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { provisionTenant, resumeTenant, suspendTenant } from '../../src/tenancy/provisioner.js'
import { requestTenant } from '../../src/tenancy/tenant-request.js'
import type { TenantId } from '../../src/tenancy/tenant-id.js'
import { uniqueTenant } from '../support/database.js'
import { TestGateway, type TestOrganization } from '../support/gateway.js'

let gateway: TestGateway
let acme: TestOrganization
let other: TestOrganization
let token: string
let key: string
beforeAll(async () => {
  gateway = await TestGateway.start()
  acme = await gateway.organization()
  other = await gateway.organization()
  token = await gateway.issuer.sign({ identityId: await acme.as('owner').identityId(), expiresIn: 600 })
  const { createApiKey } = await acme
    .as('owner')
    .query<{ createApiKey: { secret: string } }>(
      `mutation { createApiKey(input: { name: "Header", role: "viewer" }) { secret } }`,
    )
  key = createApiKey.secret
})
afterAll(() => gateway?.close())

const QUERY = '{ organization { orgKey } }'
const send = (headers: Record<string, string>) => gateway.send('/graphql', headers, QUERY)
const bearer = (extra: Record<string, string> = {}) => ({ authorization: `Bearer ${token}`, ...extra })

async function expectRefused(headers: Record<string, string>, status: number, code: string): Promise<void> {
  gateway.statements.length = 0
  const answer = await send(headers)
  expect([answer.status, answer.errors?.map(({ extensions }) => extensions.code)]).toEqual([status, [code]])
  expect(answer.data).toBeUndefined()
  expect(answer.headers['retry-after']).toBe(status === 503 ? '30' : undefined)
  expect(gateway.statements, 'nothing runs in any organization').toEqual([])
}

async function expectServed(headers: Record<string, string>, organization = acme): Promise<void> {
  const answer = await send(headers)
  expect(answer).toMatchObject({ status: 200, data: { organization: { orgKey: organization.id } } })
}

describe('the header org-id', () => {
  test('is needed with a token that is not bound to an organization', () =>
    expectRefused(bearer(), 400, 'TENANT_REQUIRED'))

  test.each([
    ['empty', ''],
    ['in capital letters', 'Acme'],
    ['a word with a dash', 'a-b'],
    ['begun with a line', '_a'],
    ['too long', 'a'.repeat(56)],
    ['SQL', `a"; drop schema public; --`],
    ['a path', 'a.b'],
    ['not ASCII', 'äcme'],
  ])('that is %s is malformed', (_, id) => expectRefused(bearer({ 'org-id': id }), 400, 'TENANT_INVALID'))

  test('may name an organization that does not exist or that one does not belong to: the answers are the same', async () => {
    await expectRefused(bearer({ 'org-id': uniqueTenant() }), 404, 'TENANT_NOT_FOUND')
    await expectRefused(bearer({ 'org-id': other.id }), 404, 'TENANT_NOT_FOUND')
  })

  test('selects by either of its names, also given twice with the same value', async () => {
    await expectServed(bearer({ 'org-id': acme.id }))
    await expectServed(bearer({ 'x-org-id': acme.id }))
    await expectServed(bearer({ 'org-id': acme.id, 'x-org-id': acme.id }))
    await expectServed(bearer({ 'org-id': `${acme.id}, ${acme.id}` }))
    await expectServed(bearer({ 'org-id': ` ${acme.id} ` }))
  })

  test('is ambiguous with two values', async () => {
    await expectRefused(bearer({ 'org-id': acme.id, 'x-org-id': other.id }), 400, 'TENANT_AMBIGUOUS')
    await expectRefused(bearer({ 'org-id': `${acme.id}, ${other.id}` }), 400, 'TENANT_AMBIGUOUS')
  })

  test('selects nothing without a credential', async () => {
    await expectRefused({ 'org-id': acme.id }, 401, 'UNAUTHENTICATED')
  })
})

describe('a credential bound to one organization', () => {
  test('needs no header, and takes the one of its organization', async () => {
    await expectServed({ 'x-api-key': key })
    await expectServed({ 'x-api-key': key, 'org-id': acme.id })
  })

  test('does not open another one, whoever belongs to it', async () => {
    await expectRefused({ 'x-api-key': key, 'org-id': other.id }, 404, 'TENANT_NOT_FOUND')
    await expectRefused({ 'x-api-key': key, 'org-id': uniqueTenant() }, 404, 'TENANT_NOT_FOUND')
    const identityId = await acme.as('owner').identityId()
    const bound = await gateway.issuer.sign({ identityId, expiresIn: 600, tenant: other.id })
    await expectRefused({ authorization: `Bearer ${bound}` }, 404, 'TENANT_NOT_FOUND')
    await expectRefused({ authorization: `Bearer ${bound}`, 'org-id': acme.id }, 404, 'TENANT_NOT_FOUND')
    const own = await gateway.issuer.sign({ identityId, expiresIn: 600, tenant: acme.id })
    await expectServed({ authorization: `Bearer ${own}` })
  })
})

describe('an organization that is not served', () => {
  test('says so to its members only, and is served again when it is resumed', async () => {
    const paused = await gateway.organization()
    const headers = await paused.as('viewer').headers()
    await expectServed(headers, paused)
    await suspendTenant(gateway.database.admin, paused.id)
    await expect.poll(async () => (await send(headers)).status).toBe(503)
    await expectRefused(headers, 503, 'TENANT_SUSPENDED')
    await expectRefused(bearer({ 'org-id': paused.id }), 404, 'TENANT_NOT_FOUND')
    await resumeTenant(gateway.database.admin, paused.id)
    await expect.poll(async () => (await send(headers)).status).toBe(200)
  })

  test.each(['requested', 'failed'] as const)('because it is %s is not ready yet', async (state) => {
    const tenant = await unfinished(state)
    const headers = bearer({ 'org-id': tenant })
    await expectRefused(headers, 503, 'SERVICE_UNAVAILABLE')
    await expectRefused({ ...(await other.as('owner').headers()), 'org-id': tenant }, 404, 'TENANT_NOT_FOUND')
  })

  /** An organization that the owner of acme belongs to and that never became active. */
  async function unfinished(state: 'requested' | 'failed'): Promise<TenantId> {
    const { admin } = gateway.database
    const tenant = uniqueTenant()
    const { organizationId } = await requestTenant(admin, { tenant, name: tenant, modules: [] })
    await admin.query(
      `insert into memberships (organization_id, identity_id, role) values ($1, $2, 'owner')`,
      [organizationId, await acme.as('owner').identityId()],
    )
    if (state === 'failed') {
      const onStep = (): void => {
        throw new Error('the disk is full')
      }
      await expect(provisionTenant(admin, tenant, { onStep })).rejects.toThrow('the disk is full')
    }
    return tenant
  }

  test('because the membership ended is as unknown as any other', async () => {
    const left = await gateway.organization()
    const headers = await left.as('member').headers()
    await expectServed(headers, left)
    const identityId = await left.as('member').identityId()
    const change = async (set: string) => {
      await gateway.database.admin.query(
        `with changed as (update memberships set ${set} where identity_id = $1 returning 1)
         select pg_notify('orgscope_directory', $2) from changed`,
        [identityId, left.id],
      )
    }
    const statusBecomes = (status: number) =>
      expect.poll(async () => (await send(headers)).status).toBe(status)
    await change(`expires_at = now() - interval '1 second'`)
    await statusBecomes(404)
    await expectRefused(headers, 404, 'TENANT_NOT_FOUND')
    await change(`expires_at = null`)
    await statusBecomes(200)
    await change(`status = 'suspended'`)
    await statusBecomes(404)
    await expectRefused(headers, 404, 'TENANT_NOT_FOUND')
  })
})

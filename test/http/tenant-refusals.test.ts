import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { suspendTenant } from '../../src/tenancy/provisioner.js'
import { parseTenantId } from '../../src/tenancy/tenant-id.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { ask, eventually, GRAPHQL_TYPE, JSON_TYPE, type Answer } from './support.js'
import { createOrganization, tenantGateway, type Organization, type TenantGateway } from './tenant-gateway.js'

let database: TestDatabase
let acme: Organization
let foreign: Organization
beforeAll(async () => {
  database = await freshDatabase()
  acme = await createOrganization(database)
  foreign = await createOrganization(database)
})
afterAll(() => database?.drop())

const QUERY = '{ organization { orgKey } }'

/** Asks as acme's owner, in both media types, and expects the same refusal in each. */
async function refusedWith(gateway: TenantGateway, headers: Record<string, string>): Promise<Answer> {
  const authorization = `Bearer ${await gateway.issuer.sign({ identityId: acme.ownerId, expiresIn: 60 })}`
  const [modern, older] = await Promise.all(
    [GRAPHQL_TYPE, JSON_TYPE].map((accept) =>
      ask(`${gateway.url}/graphql`, QUERY, { authorization, accept, ...headers }),
    ),
  )
  expect([modern!.status, modern!.body]).toEqual([older!.status, older!.body])
  expect(modern!.body).not.toHaveProperty('data')
  return modern!
}

function codeAndStatus({ status, body }: Answer): [string | undefined, number] {
  return [body.errors?.[0]?.extensions.code, status]
}

describe('the tenant API refuses', () => {
  test('a request without an organization', async () => {
    const answer = await refusedWith(await tenantGateway(database), {})
    expect(codeAndStatus(answer)).toEqual(['TENANT_REQUIRED', 400])
    expect(answer.body.errors?.[0]?.message).toContain('org-id')
  })

  test.each(['ACME', 'a-b', '', 'x'.repeat(56), `x'; drop schema public; --`, '../acme'])(
    'the malformed id %j',
    async (id) => {
      const answer = await refusedWith(await tenantGateway(database), { 'org-id': id })
      expect(codeAndStatus(answer)).toEqual(['TENANT_INVALID', 400])
    },
  )

  test('two headers that name different organizations, and takes two that agree', async () => {
    const gateway = await tenantGateway(database)
    const answer = await refusedWith(gateway, { 'org-id': acme.tenant, 'x-org-id': foreign.tenant })
    expect(codeAndStatus(answer)).toEqual(['TENANT_AMBIGUOUS', 400])
    const authorization = `Bearer ${await gateway.issuer.sign({ identityId: acme.ownerId, expiresIn: 60 })}`
    const headers = { authorization, 'org-id': acme.tenant, 'x-org-id': acme.tenant }
    expect((await ask(`${gateway.url}/graphql`, QUERY, headers)).body.data).toEqual({
      organization: { orgKey: acme.tenant },
    })
  })

  test('an unknown organization and a foreign one with the same words', async () => {
    const gateway = await tenantGateway(database)
    const answers = [
      await refusedWith(gateway, { 'org-id': 'nobody' }),
      await refusedWith(gateway, { 'org-id': foreign.tenant }),
    ]
    expect(answers.map(codeAndStatus)).toEqual(Array(2).fill(['TENANT_NOT_FOUND', 404]))
    const words = answers.map(({ body }) => JSON.stringify(body).replace(/nobody|t_[0-9a-f]+/, 'ID'))
    expect(words[0]).toBe(words[1])
  })

  test('a token that is bound to another organization', async () => {
    const gateway = await tenantGateway(database)
    const token = await gateway.issuer.sign({
      identityId: acme.ownerId,
      tenant: parseTenantId(foreign.tenant),
      expiresIn: 60,
    })
    const answer = await refusedWith(gateway, { authorization: `Bearer ${token}`, 'org-id': acme.tenant })
    expect(codeAndStatus(answer)).toEqual(['TENANT_NOT_FOUND', 404])
  })

  test('its own organization while that is suspended, and tells when to ask again', async () => {
    const paused = await createOrganization(database)
    await suspendTenant(database.admin, paused.tenant)
    const gateway = await tenantGateway(database)
    const answer = await gateway.askAs(paused.ownerId, paused.tenant, QUERY)
    expect(codeAndStatus(answer)).toEqual(['TENANT_SUSPENDED', 503])
    expect(answer.headers.get('retry-after')).toBe('30')
    const stranger = await refusedWith(gateway, { 'org-id': paused.tenant })
    expect(codeAndStatus(stranger)).toEqual(['TENANT_NOT_FOUND', 404])
  })

  test('a request without a credential', async () => {
    const gateway = await tenantGateway(database)
    const answer = await ask(`${gateway.url}/graphql`, QUERY, { 'org-id': acme.tenant })
    expect(codeAndStatus(answer)).toEqual(['UNAUTHENTICATED', 401])
  })
})

test('the log names the organization of a request that was let in, and of no other', async () => {
  const gateway = await tenantGateway(database)
  await gateway.askAs(acme.ownerId, foreign.tenant, QUERY)
  await gateway.askAs(acme.ownerId, acme.tenant, QUERY)
  const requests = () => gateway.log.filter(({ msg }) => msg === 'request').map(({ tenant }) => tenant)
  await eventually(requests).toEqual([undefined, acme.tenant])
  expect(JSON.stringify(gateway.log)).not.toContain(foreign.tenant)
})

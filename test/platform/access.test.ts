import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApiKey } from '../../src/tenancy/api-key.js'
import { platformSchema } from '../../src/platform/platform-schema.js'
import type { TestGateway, TestOrganization } from '../support/gateway.js'
import { namesLike, rootFields, SECRET, undescribed } from '../support/sdl.js'
import { platformAdmin, platformGateway } from './platform-gateway.js'

const readers = ['super_admin', 'operator', 'support', 'auditor']
const writers = ['super_admin', 'operator']

/** Who may use which root field, and a document that uses it. */
const table: Record<string, { levels: string[]; document: string }> = {
  'Query.node': { levels: readers, document: '{ node(id: "x") { id } }' },
  'Query.organization': { levels: readers, document: '{ organization(key: "nobody") { name } }' },
  'Query.organizations': { levels: readers, document: '{ organizations { totalCount } }' },
  'Query.fleet': { levels: readers, document: '{ fleet { tenants { total } } }' },
  'Query.tool': { levels: readers, document: '{ tool(id: "x") { id } }' },
  'Query.tools': { levels: readers, document: '{ tools { totalCount } }' },
  'Query.toolsAggregate': { levels: readers, document: '{ toolsAggregate { count } }' },
  'Query.provider': { levels: readers, document: '{ provider(id: "x") { id } }' },
  'Query.providers': { levels: readers, document: '{ providers { totalCount } }' },
  'Query.model': { levels: readers, document: '{ model(id: "x") { id } }' },
  'Query.models': { levels: readers, document: '{ models { totalCount } }' },
  'Query.modelPrice': { levels: readers, document: '{ modelPrice(id: "x") { id } }' },
  'Query.modelPrices': { levels: readers, document: '{ modelPrices { totalCount } }' },
  'Mutation.createOrganization': {
    levels: writers,
    document:
      'mutation { createOrganization(input: { key: "?", name: "x", adminEmail: "a@b.example" }) { __typename } }',
  },
  'Mutation.suspendOrganization': {
    levels: writers,
    document: 'mutation { suspendOrganization(key: "?", reason: "x") { __typename } }',
  },
  'Mutation.resumeOrganization': {
    levels: writers,
    document: 'mutation { resumeOrganization(key: "?") { __typename } }',
  },
  'Mutation.deleteOrganization': {
    levels: writers,
    document: 'mutation { deleteOrganization(key: "?", confirm: "?") { __typename } }',
  },
  'Mutation.enableModule': {
    levels: writers,
    document: 'mutation { enableModule(key: "?", module: LLM) { __typename } }',
  },
  'Mutation.disableModule': {
    levels: writers,
    document: 'mutation { disableModule(key: "?", module: LLM) { __typename } }',
  },
  'Mutation.purgeModule': {
    levels: writers,
    document: 'mutation { purgeModule(key: "?", module: LLM, confirm: "?") { __typename } }',
  },
  'Mutation.changePlan': {
    levels: writers,
    document: 'mutation { changePlan(key: "?", plan: PRO) { __typename } }',
  },
  'Mutation.createTool': {
    levels: writers,
    document: 'mutation { createTool(input: { name: " " }) { __typename } }',
  },
  'Mutation.updateTool': {
    levels: writers,
    document: 'mutation { updateTool(input: { id: "x" }) { __typename } }',
  },
  'Mutation.createProvider': {
    levels: writers,
    document: 'mutation { createProvider(input: { name: " ", providerType: OTHER }) { __typename } }',
  },
  'Mutation.updateProvider': {
    levels: writers,
    document: 'mutation { updateProvider(input: { id: "x" }) { __typename } }',
  },
  'Mutation.createModel': {
    levels: writers,
    document: 'mutation { createModel(input: { providerId: "x", modelName: "m" }) { __typename } }',
  },
  'Mutation.updateModel': {
    levels: writers,
    document: 'mutation { updateModel(input: { id: "x" }) { __typename } }',
  },
  'Mutation.setExchangeRates': {
    levels: writers,
    document: 'mutation { setExchangeRates(rates: []) { __typename } }',
  },
  'Mutation.addModelPrice': {
    levels: writers,
    document:
      'mutation { addModelPrice(input: { provider: "x", modelName: "x", currency: "USD", rates: [] }) { __typename } }',
  },
}

let gateway: TestGateway
let acme: TestOrganization
beforeAll(async () => {
  gateway = await platformGateway()
  acme = await gateway.organization()
})
afterAll(() => gateway.close())

test('the table of rights names every root field of the schema', () => {
  const fields = rootFields(platformSchema())
  expect(Object.keys(table).sort()).toEqual(fields.sort())
})

describe.each(readers)('a platform admin of level %s', (level) => {
  test.each(Object.keys(table))('uses %s if, and only if, the table says so', async (field) => {
    const admin = await platformAdmin(gateway, level)
    const { levels, document } = table[field]!
    const { status, errors } = await admin.send(document)
    expect(status).toBe(200)
    const code = errors?.[0]?.extensions['code']
    if (levels.includes(level)) expect([undefined, 'BAD_USER_INPUT']).toContain(code)
    else expect(errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', permission: expect.any(String) })
  })
})

describe('refused as a whole', () => {
  const documents = ['{ organizations { totalCount } }', '{ organization(key: "nobody") { name } }']

  test('a request without a credential', async () => {
    const { status, errors } = await gateway.send('/platform/graphql', {}, documents[0]!)
    expect([status, errors?.[0]?.extensions['code']]).toEqual([401, 'UNAUTHENTICATED'])
  })

  test('an organization’s owner, with the same words whatever is asked for', async () => {
    const headers = await acme.as('owner').headers()
    const answers = await Promise.all(
      [...documents, `{ organization(key: "${acme.id}") { name } }`].map((document) =>
        gateway.send('/platform/graphql', headers, document),
      ),
    )
    expect(new Set(answers.map(({ status, errors }) => JSON.stringify([status, errors]))).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 403, errors: [{ extensions: { code: 'FORBIDDEN' } }] })
  })

  test('an API key', async () => {
    const { key, prefix, hash } = createApiKey()
    await gateway.database.admin.query(
      `insert into public.api_keys (organization_id, name, key_prefix, key_hash, role_name) values ($1, 'k', $2, $3, 'owner')`,
      [acme.organizationId, prefix, hash],
    )
    const { status, errors } = await gateway.send('/platform/graphql', { 'x-api-key': key }, documents[0]!)
    expect([status, errors?.[0]?.extensions['code']]).toEqual([403, 'FORBIDDEN'])
  })

  test('a platform admin’s token that is bound to one organization', async () => {
    const { identityId } = await platformAdmin(gateway, 'super_admin')
    const token = await gateway.issuer.sign({ identityId, tenant: acme.id, expiresIn: 60 })
    const { status } = await gateway.send(
      '/platform/graphql',
      { authorization: `Bearer ${token}` },
      documents[0]!,
    )
    expect(status).toBe(403)
  })

  test.each([
    ['switched off', 'is_active = false'],
    ['past its end', `expires_at = now() - interval '1 second'`],
  ])('a platform admin whose right is %s', async (_, change) => {
    const admin = await platformAdmin(gateway, 'super_admin')
    await gateway.database.admin.query(`update public.platform_admins set ${change} where identity_id = $1`, [
      admin.identityId,
    ])
    const { status } = await admin.send(documents[0]!)
    expect(status).toBe(403)
  })
})

test('a platform admin gets into no organization by that', async () => {
  const { identityId } = await platformAdmin(gateway, 'super_admin')
  const token = await gateway.issuer.sign({ identityId, expiresIn: 60 })
  const headers = { authorization: `Bearer ${token}`, 'org-id': acme.id }
  const { errors } = await gateway.send('/graphql', headers, '{ viewer { role } }')
  expect(errors?.[0]?.extensions['code']).toBe('TENANT_NOT_FOUND')
})

test('ids of things inside organizations lead nowhere', async () => {
  const admin = await platformAdmin(gateway)
  const { viewer } = await acme.as('owner').query<{ viewer: { userId: string } }>('{ viewer { userId } }')
  const { extensions } = await admin.refusal(`{ node(id: "${viewer.userId}") { id } }`)
  expect(extensions['code']).toBe('BAD_USER_INPUT')
})

test('no field of the schema holds a secret or its hash', () => {
  expect(namesLike(platformSchema(), SECRET)).toEqual([])
})

test('everything in the schema is described', () => {
  expect(undescribed(platformSchema())).toEqual([])
})

import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accountApi } from '../../src/account/account-api.js'
import { createAccountContext } from '../../src/account/account-context.js'
import { accountSchema } from '../../src/account/account-schema.js'
import { createApiKey } from '../../src/tenancy/api-key.js'
import { suspendTenant } from '../../src/tenancy/provisioner.js'
import { statements } from '../../src/tenancy/session.js'
import { deleteTenant } from '../../src/tenancy/tenant-deletion.js'
import type { TenantId } from '../../src/tenancy/tenant-id.js'
import { TestGateway, type TestOrganization } from '../support/gateway.js'
import { namesLike, rootFields, SECRET, undescribed } from '../support/sdl.js'

let gateway: TestGateway
let acme: TestOrganization
let globex: TestOrganization
beforeAll(async () => {
  gateway = await TestGateway.start({ apis: (parts) => [accountApi(parts)] })
  acme = await gateway.organization()
  globex = await gateway.organization()
})
afterAll(() => gateway.close())

interface Mine {
  readonly myOrganizations: readonly {
    readonly organization: { readonly key: string; readonly name: string; readonly plan: string }
    readonly role: string
    readonly state: string
  }[]
}

const MINE = '{ myOrganizations { organization { key name plan } role status state joinedAt expiresAt } }'

async function ask<Data = Record<string, unknown>>(
  identityId: string,
  query: string,
  { headers = {}, tenant }: { headers?: Record<string, string>; tenant?: TenantId } = {},
) {
  const token = await gateway.issuer.sign({ identityId, tenant, expiresIn: 60 })
  return gateway.send<Data>('/account/graphql', { authorization: `Bearer ${token}`, ...headers }, query)
}

/** A person without organizations. */
async function newPerson(email: string): Promise<string> {
  const { rows } = await gateway.database.admin.query<{ id: string }>(
    `insert into public.identities (email, email_verified_at, mfa_enabled, mfa_secret, password_hash)
     values ($1, now(), true, 'JBSWY3DPEHPK3PXP', '$argon2id$x') returning id`,
    [email],
  )
  return rows[0]!.id
}

async function join(identityId: string, { organizationId }: TestOrganization, change = ''): Promise<void> {
  await gateway.database.admin.query(
    `insert into public.memberships (organization_id, identity_id, role) values ($1, $2, 'viewer')`,
    [organizationId, identityId],
  )
  if (change === '') return
  await gateway.database.admin.query(
    `update public.memberships set ${change} where organization_id = $1 and identity_id = $2`,
    [organizationId, identityId],
  )
}

async function keysOf(identityId: string, tenant?: TenantId): Promise<string[]> {
  const { data } = await ask<Mine>(identityId, MINE, tenant === undefined ? {} : { tenant })
  return data.myOrganizations.map(({ organization }) => organization.key)
}

test('a person sees its own account', async () => {
  const id = await newPerson('ada@people.example')
  const { data } = await ask(
    id,
    '{ me { email emailVerified username mfaEnabled lastLoginAt passwordChangedAt createdAt } }',
  )
  expect(data).toEqual({
    me: {
      email: 'ada@people.example',
      emailVerified: true,
      username: null,
      mfaEnabled: true,
      lastLoginAt: null,
      passwordChangedAt: null,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    },
  })
})

test('a person sees the organizations it belongs to, with its role in each, and no other', async () => {
  const id = await newPerson('both@people.example')
  expect(await keysOf(id)).toEqual([])
  await join(id, acme)
  expect(await keysOf(id)).toEqual([acme.id])
  await join(id, globex, `role = 'admin'`)
  const { data } = await ask<Mine>(id, MINE)
  const roles = new Map(data.myOrganizations.map(({ organization, role }) => [organization.key, role]))
  expect(roles).toEqual(
    new Map([
      [acme.id, 'VIEWER'],
      [globex.id, 'ADMIN'],
    ]),
  )
  expect(data.myOrganizations.map(({ organization }) => organization.name)).toEqual(
    [`Organization ${acme.id}`, `Organization ${globex.id}`].sort(),
  )
  expect(data.myOrganizations[0]).toMatchObject({ status: 'ACTIVE', state: 'ACTIVE', expiresAt: null })
})

test.each([
  ['left', `status = 'left'`],
  ['suspended', `status = 'suspended'`],
  ['not accepted yet', `status = 'invited'`],
  ['past its end', `expires_at = now() - interval '1 second'`],
])('a membership that is %s is not listed', async (word, change) => {
  const id = await newPerson(`${word.replaceAll(' ', '-')}@people.example`)
  await join(id, acme, change)
  expect(await keysOf(id)).toEqual([])
})

test('a suspended organization is listed as such', async () => {
  const suspended = await gateway.organization()
  await suspendTenant(gateway.database.admin, suspended.id)
  const { data } = await ask<Mine>(await suspended.as('member').identityId(), MINE)
  expect(data.myOrganizations).toMatchObject([{ organization: { key: suspended.id }, state: 'SUSPENDED' }])
})

test.each(['archived', 'deprovisioning', 'deleted'])(
  'an organization that is %s is not listed',
  async (state) => {
    const gone = await gateway.organization()
    const owner = await gone.as('owner').identityId()
    expect(await keysOf(owner)).toEqual([gone.id])
    await gateway.database.admin.query(
      `update public.tenant_schemas set state = $2 where organization_id = $1`,
      [gone.organizationId, state],
    )
    expect(await keysOf(owner)).toEqual([])
  },
)

test('an organization whose deletion failed half-way is not listed', async () => {
  const gone = await gateway.organization()
  const owner = await gone.as('owner').identityId()
  await deleteTenant(gateway.database.admin, gone.id, { immediately: false })
  await gateway.database.admin.query(
    `update public.tenant_schemas set state = 'failed', previous_state = 'deprovisioning' where organization_id = $1`,
    [gone.organizationId],
  )
  expect(await keysOf(owner)).toEqual([])
})

test('a token that is bound to one organization shows that one only', async () => {
  const id = await newPerson('bound@people.example')
  await join(id, acme)
  await join(id, globex)
  expect(await keysOf(id, globex.id)).toEqual([globex.id])
})

test('a header that names an organization changes nothing', async () => {
  const id = await newPerson('headers@people.example')
  await join(id, acme)
  for (const key of [globex.id, 'nobody', 'NOT A KEY']) {
    const { data } = await ask<Mine>(id, MINE, { headers: { 'org-id': key } })
    expect(data.myOrganizations).toMatchObject([{ organization: { key: acme.id } }])
  }
})

test('without a credential nobody is served', async () => {
  const { status, errors } = await gateway.send('/account/graphql', {}, '{ me { email } }')
  expect([status, errors?.[0]?.extensions['code']]).toEqual([401, 'UNAUTHENTICATED'])
})

test('an API key is told that this is for people', async () => {
  const { key, prefix, hash } = createApiKey()
  await gateway.database.admin.query(
    `insert into public.api_keys (organization_id, name, key_prefix, key_hash, role_name) values ($1, 'k', $2, $3, 'owner')`,
    [acme.organizationId, prefix, hash],
  )
  const { status, errors } = await gateway.send('/account/graphql', { 'x-api-key': key }, '{ me { email } }')
  expect([status, errors?.[0]?.extensions['code']]).toEqual([403, 'FORBIDDEN'])
  expect(errors?.[0]?.message).toContain('for people')
})

test.each([
  ['closed', 'is_active = false'],
  ['deleted', 'deleted_at = now()'],
])('a token that outlived its account, which is %s, shows nothing', async (word, change) => {
  const id = await newPerson(`${word}@people.example`)
  await join(id, acme)
  await gateway.database.admin.query(`update public.identities set ${change} where id = $1`, [id])
  for (const query of ['{ me { email } }', MINE]) {
    const { errors, data } = await ask(id, query)
    expect([errors?.[0]?.extensions['code'], data]).toEqual(['UNAUTHENTICATED', null])
  }
})

test('whatever statement an operation sent, it could neither read another person nor write', async () => {
  const id = await newPerson('alone@people.example')
  await join(id, acme)
  const context = await createAccountContext(gateway, {
    actor: { kind: 'person', identityId: id },
    organizationHeaders: [],
    requestId: 'r',
    ipAddress: undefined,
    userAgent: undefined,
  })
  const read = (text: string) => context.read().run(sql.raw<{ id: string }>(text).compile(statements))
  expect(await read('select id from public.identities')).toEqual([{ id }])
  expect(await read('select identity_id as id from public.memberships')).toEqual([{ id }])
  expect(await read('select id from public.organizations')).toEqual([{ id: acme.organizationId }])
  await expect(read('select password_hash as id from public.identities')).rejects.toMatchObject({
    code: '42501',
  })
  await expect(read(`select id from org_${acme.id}.users`)).rejects.toMatchObject({ code: '42501' })
  const write = sql.raw('update public.memberships set role = role').compile(statements)
  await expect(context.write((session) => session.run(write))).rejects.toMatchObject({ code: '42501' })
  await context.end()
})

test('the schema has these root fields, describes everything and holds no secret', () => {
  const schema = accountSchema()
  expect(rootFields(schema)).toEqual(['Query.me', 'Query.myOrganizations'])
  expect(undescribed(schema)).toEqual([])
  expect(namesLike(schema, SECRET)).toEqual([])
})

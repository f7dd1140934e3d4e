import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseTenantId, schemaOf, type TenantId } from '../../src/tenancy/tenant-id.js'
import { deleteTenant } from '../../src/tenancy/tenant-deletion.js'
import type { TenantState } from '../../src/tenancy/tenant-states.js'
import { uniqueTenant } from '../support/database.js'
import { TestGateway, type TestOrganization } from '../support/gateway.js'
import { send } from './support/population.js'
import type { Reply } from './support/walker.js'

let gateway: TestGateway
let home: TestOrganization
/** Organizations the person does not belong to, by state. */
const foreign = new Map<string, TestOrganization>()
/** Organizations the person belongs to, by state. */
const joined = new Map<string, TestOrganization>()
let person: string

const GONE = ['archived', 'deprovisioning'] as const
const UNREADY = ['requested', 'provisioning', 'failed'] as const

beforeAll(async () => {
  gateway = await TestGateway.start()
  home = await gateway.organization({ modules: [] })
  person = await home.as('viewer').identityId()
  for (const state of ['active', 'suspended', 'failed', ...GONE])
    foreign.set(state, await organization(state))
  for (const state of ['active', 'suspended', ...UNREADY, ...GONE])
    joined.set(state, await organization(state, person))
  const deleted = await organization('active', person)
  await deleteTenant(gateway.database.admin, deleted.id, { immediately: true })
  joined.set('deleted', deleted)
  for (const [status, expires] of [
    ['suspended', 'null'],
    ['left', 'null'],
    ['invited', 'null'],
    ['active', `now() - interval '1 s'`],
  ]) {
    const left = await organization('active', person)
    await gateway.database.admin.query(
      `update public.memberships set status = '${status}', expires_at = ${expires}
       where organization_id = $1 and identity_id = $2`,
      [left.organizationId, person],
    )
    joined.set(`membership ${status} ${expires === 'null' ? '' : 'expired'}`, left)
  }
}, 120_000)
afterAll(() => gateway?.close())

/** A small organization in a state, with the person among its members or not. */
async function organization(state: string, member?: string): Promise<TestOrganization> {
  const made = await gateway.organization({ modules: [] })
  if (member !== undefined) {
    await gateway.database.admin.query(
      `insert into public.memberships (organization_id, identity_id, role) values ($1, $2, 'owner')`,
      [made.organizationId, member],
    )
  }
  await setState(made.id, state as TenantState)
  return made
}

async function setState(tenant: TenantId, state: TenantState): Promise<void> {
  await gateway.database.admin.query(
    `update public.tenant_schemas set state = $2, previous_state = case when $2 = 'failed' then 'provisioning' end
     where schema_name = $1`,
    [schemaOf(tenant), state],
  )
}

async function token(tenant?: TenantId): Promise<Record<string, string>> {
  const signed = await gateway.issuer.sign({ identityId: person, tenant, expiresIn: 600 })
  return { authorization: `Bearer ${signed}` }
}

async function key(of: TestOrganization): Promise<Record<string, string>> {
  const { createApiKey } = await of
    .as('owner')
    .query<{ createApiKey: { secret: string } }>(
      'mutation { createApiKey(input: { name: "k", role: "owner" }) { secret } }',
    )
  return { 'x-api-key': createApiKey.secret }
}

interface Told {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, unknown>>
  /** Connections the gateway took to find the answer. */
  readonly connections: number
}

/** Everything an answer tells, but for the id that was asked for and what differs between any two answers. */
async function told(headers: Record<string, string>, tenant: string): Promise<Told> {
  let connections = 0
  const count = (): void => void connections++
  gateway.directory.forget()
  gateway.pool.on('acquire', count)
  const response = await gateway.server.inject({
    method: 'POST',
    url: '/graphql',
    headers: { 'content-type': 'application/json', 'org-id': tenant, 'x-request-id': 'the-same', ...headers },
    payload: JSON.stringify({ query: '{ viewer { role } }' }),
  })
  gateway.pool.off('acquire', count)
  const { date: _, 'content-length': __, ...rest } = response.headers
  return {
    status: response.statusCode,
    body: response.body.replaceAll(tenant, '<id>'),
    headers: rest,
    connections,
  }
}

describe('an organization that is not the caller’s', () => {
  test('answers the same, with the same work, whether it is unknown, foreign in any state, gone, or was left', async () => {
    const credential = await token()
    const unknown = await told(credential, uniqueTenant())
    expect(unknown.status).toBe(404)
    expect(JSON.parse(unknown.body)).toMatchObject({ errors: [{ extensions: { code: 'TENANT_NOT_FOUND' } }] })
    const cases = [
      ...[...foreign].map(([state, of]) => [`foreign ${state}`, of] as const),
      ...[...joined].filter(([state]) => !['active', 'suspended', ...UNREADY].includes(state)),
    ]
    expect(cases).toHaveLength(5 + 3 + 4)
    for (const [name, { id }] of cases) expect([name, await told(credential, id)]).toEqual([name, unknown])
  })

  test('answers a key that is bound elsewhere just so, also where the key’s maker is a member', async () => {
    const credential = await key(home)
    const unknown = await told(credential, uniqueTenant())
    expect(unknown.status).toBe(404)
    for (const { id } of [...foreign.values(), ...joined.values()]) {
      expect(await told(credential, id)).toEqual(unknown)
    }
  })

  test('answers a token that is bound elsewhere just so, also where the person is a member', async () => {
    const credential = await token(home.id)
    const unknown = await told(credential, uniqueTenant())
    expect(unknown.status).toBe(404)
    for (const { id } of [...foreign.values(), ...joined.values()]) {
      expect(await told(credential, id)).toEqual(unknown)
    }
  })

  test('says the same as an unbound token is told', async () => {
    const { headers: _, connections: __, ...bound } = await told(await token(home.id), uniqueTenant())
    const { headers: ___, connections: ____, ...unbound } = await told(await token(), uniqueTenant())
    expect(bound).toEqual(unbound)
  })
})

describe('a member', () => {
  test.each(UNREADY)('of an organization that is %s is told to come back later', async (state) => {
    const { status, body, headers } = await told(await token(), joined.get(state)!.id)
    expect(status).toBe(503)
    expect(headers).toHaveProperty('retry-after')
    expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] })
  })

  test('of a suspended organization is told so', async () => {
    const { status, body, headers } = await told(await token(), joined.get('suspended')!.id)
    expect(status).toBe(503)
    expect(headers).toHaveProperty('retry-after')
    expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'TENANT_SUSPENDED' } }] })
  })
})

test('a member of several organizations gets in each request the one it names, however they mix', async () => {
  const credential = await token()
  const [one, other] = [home, joined.get('active')!]
  gateway.directory.forget()
  const asked = Array.from({ length: 60 }, async (_, index) => {
    const { id } = index % 2 === 0 ? one : other
    const { data, errors } = await send(
      gateway,
      '/graphql',
      { ...credential, 'org-id': id },
      '{ organization { orgKey } teams { totalCount } viewer { role } }',
    )
    return { id, data, errors }
  })
  for (const { id, data, errors } of await Promise.all(asked)) {
    const role = id === one.id ? 'VIEWER' : 'OWNER'
    expect({ data, errors }).toMatchObject({
      data: { organization: { orgKey: id }, viewer: { role } },
      errors: [],
    })
  }
})

describe('the checks come in their order', () => {
  const codes = ({ errors }: Reply): string[] => errors.map(({ extensions }) => extensions.code)
  const ask = async (
    headers: Record<string, string>,
    document = 'mutation { recordUsage(events: []) { accepted } }',
  ): Promise<string[]> => codes(await send(gateway, '/graphql', headers, document))

  test('no credential comes before everything, and costs no connection', async () => {
    for (const tenant of [home.id, uniqueTenant(), foreign.get('suspended')!.id, '; drop schema public']) {
      const { status, connections } = await told({}, tenant)
      expect({ status, connections }).toEqual({ status: 401, connections: 0 })
    }
  })

  test('a malformed id comes before membership, and costs no connection', async () => {
    for (const tenant of [
      'UPPER',
      '../x',
      'a b',
      `x'; set role org_${home.id}`,
      '-',
      'a'.repeat(56),
      '"x"',
    ]) {
      const { status, body, connections } = await told(await token(), tenant)
      expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'TENANT_INVALID' } }] })
      expect({ status, connections }).toEqual({ status: 400, connections: 0 })
    }
  })

  test('membership comes before state, state before module, module before permission', async () => {
    const credential = await token()
    expect(await ask({ ...credential, 'org-id': foreign.get('suspended')!.id })).toEqual(['TENANT_NOT_FOUND'])
    expect(await ask({ ...credential, 'org-id': joined.get('suspended')!.id })).toEqual(['TENANT_SUSPENDED'])
    // A viewer may not record usage, and this organization could not.
    expect(await ask({ ...credential, 'org-id': home.id })).toEqual(['MODULE_NOT_ENABLED'])
    const metered = await gateway.organization({ modules: ['usage'] })
    await gateway.database.admin.query(
      `insert into public.memberships (organization_id, identity_id, role) values ($1, $2, 'viewer')`,
      [metered.organizationId, person],
    )
    expect(await ask({ ...credential, 'org-id': metered.id })).toEqual(['FORBIDDEN'])
  })

  test('two different organizations in one request are refused, whichever the caller belongs to', async () => {
    const credential = await token()
    const pairs = [
      [home.id, foreign.get('active')!.id],
      [foreign.get('active')!.id, home.id],
      [uniqueTenant(), uniqueTenant()],
    ] as const
    for (const [one, other] of pairs) {
      const document = '{ viewer { role } }'
      expect(await ask({ ...credential, 'org-id': one, 'x-org-id': other }, document)).toEqual([
        'TENANT_AMBIGUOUS',
      ])
      expect(await ask({ ...credential, 'org-id': `${one}, ${other}` }, document)).toEqual([
        'TENANT_AMBIGUOUS',
      ])
      expect(
        await ask({ ...credential, 'org-id': parseTenantId(home.id), 'x-org-id': home.id }, document),
      ).toEqual([])
    }
  })
})

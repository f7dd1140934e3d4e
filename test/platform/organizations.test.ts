import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { organizations } from '../../src/platform/organization.entity.js'
import { OptionalModule } from '../../src/platform/optional-module.js'
import { provisionTenant } from '../../src/tenancy/provisioner.js'
import { roleOf } from '../../src/tenancy/tenant-id.js'
import { uniqueTenant } from '../support/database.js'
import type { TestGateway } from '../support/gateway.js'
import { platformAdmin, platformGateway, type PlatformAdmin } from './platform-gateway.js'

let gateway: TestGateway
let operator: PlatformAdmin
beforeAll(async () => {
  gateway = await platformGateway()
  operator = await platformAdmin(gateway, 'operator')
})
afterAll(() => gateway.close())

const CREATE = `mutation ($input: CreateOrganizationInput!) {
  createOrganization(input: $input) {
    organization { id key name slug plan region state entitledModules modules lastError memberCount
      schemaVersions { module version } }
    unavailableModules
  }
}`

function inputFor(key: string, changes: Record<string, unknown> = {}) {
  return { key, name: `Organization ${key}`, adminEmail: `owner@${key}.example`, ...changes }
}

/** What the control plane wrote down about an organization, oldest first. */
async function auditOf(key: string) {
  const { rows } = await gateway.database.admin.query<{
    event_type: string
    actor_identity_id: string | null
    row: string
  }>(
    `select event_type, actor_identity_id, to_jsonb(l)::text as row from public.platform_audit_logs l
     where target_id = $1 order by id`,
    [key],
  )
  return rows
}

describe('creating', () => {
  test('an organization that was created is reachable by its owner at once', async () => {
    const key = uniqueTenant()
    const { createOrganization } = await operator.query<{ createOrganization: unknown }>(CREATE, {
      input: inputFor(key, { plan: 'PRO', modules: ['USAGE'], region: 'eu-central' }),
    })
    expect(createOrganization).toMatchObject({
      organization: {
        key,
        name: `Organization ${key}`,
        slug: `organization-${key.replaceAll('_', '-')}`,
        plan: 'PRO',
        region: 'eu-central',
        state: 'ACTIVE',
        entitledModules: ['USAGE'],
        modules: ['USAGE'],
        lastError: null,
        memberCount: 1,
      },
      unavailableModules: [],
    })
    const owner = await gateway.database.admin.query<{ id: string }>(
      `select id from public.identities where email = $1`,
      [`owner@${key}.example`],
    )
    const token = await gateway.issuer.sign({ identityId: owner.rows[0]!.id, expiresIn: 60 })
    const { data } = await gateway.send(
      '/graphql',
      { authorization: `Bearer ${token}`, 'org-id': key },
      '{ viewer { role modules } organization { name } }',
    )
    expect(data).toEqual({
      viewer: { role: 'OWNER', modules: ['core', 'usage'] },
      organization: { name: `Organization ${key}` },
    })
  })

  test('creating the same organization twice, or twice at once, gives the same one', async () => {
    const input = inputFor(uniqueTenant(), { modules: ['USAGE'] })
    const both = await Promise.all([operator.query(CREATE, { input }), operator.query(CREATE, { input })])
    const again = await operator.query(CREATE, { input })
    expect(both[1]).toEqual(both[0])
    expect(again).toEqual(both[0])
    const { rows } = await gateway.database.admin.query(
      `select from public.organizations where org_key = $1`,
      [input.key],
    )
    expect(rows).toHaveLength(1)
  })

  test('a module this installation has no tables for is kept as a right and named', async () => {
    const missing = 'RECORDS'
    const { createOrganization } = await operator.query<{
      createOrganization: { unavailableModules: string[]; organization: Record<string, unknown> }
    }>(CREATE, { input: inputFor(uniqueTenant(), { modules: ['USAGE', missing] }) })
    expect(createOrganization.unavailableModules).toEqual([missing])
    expect(createOrganization.organization).toMatchObject({
      entitledModules: [missing, 'USAGE'],
      modules: ['USAGE'],
    })
  })

  test('another organization under the same key is refused, saying what differs', async () => {
    const key = uniqueTenant()
    await operator.query(CREATE, { input: inputFor(key) })
    const { message, extensions } = await operator.refusal(CREATE, { input: inputFor(key, { name: 'Else' }) })
    expect(extensions['code']).toBe('CONFLICT')
    expect(message).toContain(`name is Organization ${key}, asked for Else`)
  })

  test('a name or slug that another organization has is refused', async () => {
    const taken = inputFor(uniqueTenant(), { slug: `slug-${uniqueTenant().replaceAll('_', '-')}` })
    await operator.query(CREATE, { input: taken })
    const sameName = inputFor(uniqueTenant(), { name: taken.name, slug: 'another' })
    const sameSlug = inputFor(uniqueTenant(), { slug: (taken as { slug?: string }).slug })
    expect((await operator.refusal(CREATE, { input: sameName })).extensions).toMatchObject({
      code: 'CONFLICT_DUPLICATE',
      field: 'name',
    })
    expect((await operator.refusal(CREATE, { input: sameSlug })).extensions).toMatchObject({
      code: 'CONFLICT_DUPLICATE',
      field: 'slug',
    })
  })

  test.each([
    ['a malformed key', { key: 'Not a key' }, 'input.key'],
    ['a key that would be too long for a schema', { key: 'x'.repeat(56) }, 'input.key'],
    ['SQL for a key', { key: 'a"; drop schema public cascade; --' }, 'input.key'],
    ['a blank name', { name: '  ' }, 'input.name'],
    ['a name with a NUL', { name: 'a\0b' }, 'input.name'],
    ['a malformed slug', { slug: 'Not/a slug' }, 'slug'],
    ['a blank region', { region: ' ' }, 'input.region'],
    ['something that is no address', { adminEmail: 'somebody' }, 'input.adminEmail'],
  ])('%s is refused, naming the field', async (_, changes, field) => {
    const { extensions } = await operator.refusal(CREATE, { input: inputFor(uniqueTenant(), changes) })
    expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', field })
  })

  test.each([
    ['plan', { plan: 'PROO' }, 'PRO'],
    ['module', { modules: ['USAGEE'] }, 'USAGE'],
  ])('an unknown %s is refused with the one that may be meant', async (_, changes, meant) => {
    const { message, extensions } = await operator.refusal(CREATE, {
      input: inputFor(uniqueTenant(), changes),
    })
    expect(extensions['code']).toBe('BAD_USER_INPUT')
    expect(message).toContain(`Did you mean the enum value "${meant}"`)
  })

  test('an organization whose provisioning fails says why, and creating it again finishes it', async () => {
    const key = uniqueTenant()
    const { admin } = gateway.database
    // A role of that name which may do more than a tenant's role is not taken over.
    await admin.query(`create role "${roleOf(key)}" createdb`)
    const { extensions } = await operator.refusal(CREATE, { input: inputFor(key) })
    expect(extensions['code']).toBe('INTERNAL_SERVER_ERROR')
    const { organization } = await operator.query<{ organization: { lastError: string } }>(
      `query ($key: String!) { organization(key: $key) { state lastError lastErrorAt attempts memberCount } }`,
      { key },
    )
    expect(organization).toMatchObject({ state: 'FAILED', attempts: 1, memberCount: 0 })
    expect(organization.lastError).toContain('is not the role of a tenant')
    await admin.query(`drop role "${roleOf(key)}"`)
    expect(await operator.query(CREATE, { input: inputFor(key) })).toMatchObject({
      createOrganization: { organization: { state: 'ACTIVE', lastError: null, memberCount: 1 } },
    })
  })
})

describe('serving and deleting', () => {
  test('a suspended organization is not served from the next request on, and a resumed one is again', async () => {
    const acme = await gateway.organization()
    const owner = acme.as('owner')
    const code = async () => (await owner.send('{ viewer { role } }')).errors?.[0]?.extensions['code']
    expect(await code()).toBeUndefined()
    const suspend = `mutation { suspendOrganization(key: "${acme.id}", reason: "unpaid") { organization { state } } }`
    const resume = `mutation { resumeOrganization(key: "${acme.id}") { organization { state } } }`
    for (let twice = 0; twice < 2; twice++) {
      expect(await operator.query(suspend)).toEqual({
        suspendOrganization: { organization: { state: 'SUSPENDED' } },
      })
      expect(await code()).toBe('TENANT_SUSPENDED')
    }
    for (let twice = 0; twice < 2; twice++) {
      expect(await operator.query(resume)).toEqual({
        resumeOrganization: { organization: { state: 'ACTIVE' } },
      })
      expect(await code()).toBeUndefined()
    }
  })

  test('a deleted organization is gone for its members and keeps its data for the days of grace', async () => {
    const acme = await gateway.organization()
    const { deleteOrganization } = await operator.query<{
      deleteOrganization: { organization: { state: string; deleteAfter: string } }
    }>(
      `mutation { deleteOrganization(key: "${acme.id}", confirm: "${acme.id}") { organization { state deleteAfter } } }`,
    )
    const { state, deleteAfter } = deleteOrganization.organization
    expect(state).toBe('DEPROVISIONING')
    const days = (Date.parse(deleteAfter) - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(29.9)
    expect(days).toBeLessThanOrEqual(30.01)
    expect((await acme.as('owner').refusal('{ viewer { role } }')).code).toBe('TENANT_NOT_FOUND')
    expect(await acme.sql('select id from users')).toHaveLength(4)
  })

  test('nothing is deleted unless its key is typed twice', async () => {
    const acme = await gateway.organization()
    const { extensions } = await operator.refusal(
      `mutation { deleteOrganization(key: "${acme.id}", confirm: "yes") { organization { state } } }`,
    )
    expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'confirm' })
    expect(await acme.as('owner').query('{ viewer { role } }')).toEqual({ viewer: { role: 'OWNER' } })
  })

  test.each([
    'suspendOrganization(key: "nobody", reason: "x")',
    'resumeOrganization(key: "nobody")',
    'deleteOrganization(key: "nobody", confirm: "nobody")',
  ])('%s finds nobody', async (field) => {
    const { extensions } = await operator.refusal(`mutation { ${field} { organization { key } } }`)
    expect(extensions['code']).toBe('NOT_FOUND')
  })

  test('a step that fails leaves the answers of those before and behind it', async () => {
    const acme = await gateway.organization()
    const { data, errors } = await operator.send(`mutation {
      first: suspendOrganization(key: "${acme.id}", reason: "unpaid") { organization { state } }
      second: suspendOrganization(key: "nobody", reason: "unpaid") { organization { state } }
      third: resumeOrganization(key: "${acme.id}") { organization { state } }
    }`)
    expect(data).toEqual({
      first: { organization: { state: 'SUSPENDED' } },
      second: null,
      third: { organization: { state: 'ACTIVE' } },
    })
    expect(errors?.map(({ path }) => path)).toEqual([['second']])
  })

  test('a suspension without a reason is refused', async () => {
    const acme = await gateway.organization()
    const { extensions } = await operator.refusal(
      `mutation { suspendOrganization(key: "${acme.id}", reason: " ") { organization { key } } }`,
    )
    expect(extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'reason' })
  })

  test('each step is in the audit trail with who took it, and with nobody’s address', async () => {
    const key = uniqueTenant()
    await operator.query(CREATE, { input: inputFor(key) })
    await operator.query(
      `mutation { suspendOrganization(key: "${key}", reason: "unpaid") { organization { key } } }`,
    )
    await operator.query(`mutation { resumeOrganization(key: "${key}") { organization { key } } }`)
    await operator.query(
      `mutation { deleteOrganization(key: "${key}", confirm: "${key}") { organization { key } } }`,
    )
    const entries = await auditOf(key)
    expect(entries.map(({ event_type }) => event_type)).toEqual([
      'tenant.requested',
      'tenant.provisioning',
      'tenant.active',
      'tenant.suspended',
      'tenant.active',
      'tenant.deprovisioning',
    ])
    expect(new Set(entries.map(({ actor_identity_id }) => actor_identity_id))).toEqual(
      new Set([operator.identityId]),
    )
    expect(entries.map(({ row }) => row).join()).not.toContain('@')
  })
})

describe('reading', () => {
  test('every field of an organization can be read, filtered by and sorted by', async () => {
    const acme = await gateway.organization()
    const objects = { schemaVersions: '{ module version }', moduleAccess: '{ module }' }
    const fields = [...organizations.columns.keys()].map(
      (field) => `${field} ${objects[field as keyof typeof objects] ?? ''}`,
    )
    const { organizations: page } = await operator.query<{
      organizations: { totalCount: number; nodes: Record<string, unknown>[] }
    }>(
      `query ($filter: OrganizationFilter) {
        organizations(filter: $filter, orderBy: [{ field: MEMBER_COUNT, direction: DESC }, { field: KEY }]) {
          totalCount nodes { ${fields.join(' ')} }
        }
      }`,
      {
        filter: {
          key: { eq: acme.id },
          name: { iContains: 'ORGANIZATION' },
          plan: { in: ['ENTERPRISE'] },
          state: { eq: 'ACTIVE' },
        },
      },
    )
    expect(page.totalCount).toBe(1)
    expect(page.nodes[0]).toMatchObject({ key: acme.id, memberCount: 4, modules: ['USAGE'], attempts: 1 })
    expect(page.nodes[0]!['schemaVersions']).toEqual([
      { module: 'core', version: expect.any(Number) as number },
      { module: 'usage', version: expect.any(Number) as number },
    ])
  })

  test('pages of the list hold every organization once, forwards and backwards', async () => {
    for (let made = 0; made < 3; made++) await gateway.organization({ modules: [] })
    const PAGE = `query ($first: Int, $after: String, $last: Int, $before: String) {
      organizations(first: $first, after: $after, last: $last, before: $before) {
        totalCount nodes { key name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }`
    interface Page {
      organizations: {
        totalCount: number
        nodes: { key: string; name: string }[]
        pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string }
      }
    }
    const forwards: string[] = []
    let after: string | null = null
    for (;;) {
      const { organizations: page }: Page = await operator.query<Page>(PAGE, { first: 2, after })
      forwards.push(...page.nodes.map(({ key }) => key))
      if (!page.pageInfo.hasNextPage) {
        expect(forwards).toHaveLength(page.totalCount)
        break
      }
      after = page.pageInfo.endCursor
    }
    expect(new Set(forwards).size).toBe(forwards.length)
    const backwards: string[] = []
    let before: string | null = null
    for (;;) {
      const { organizations: page }: Page = await operator.query<Page>(PAGE, { last: 2, before })
      backwards.unshift(...page.nodes.map(({ key }) => key))
      if (!page.pageInfo.hasPreviousPage) break
      before = page.pageInfo.startCursor
    }
    expect(backwards).toEqual(forwards)
  })

  test('one organization is found by key and by id, and nobody is null', async () => {
    const acme = await gateway.organization()
    const { organization, nobody } = await operator.query<{
      organization: { id: string }
      nobody: unknown
    }>(`{ organization(key: "${acme.id}") { id name state } nobody: organization(key: "nobody") { id } }`)
    expect(nobody).toBeNull()
    expect(
      await operator.query(`{ node(id: "${organization.id}") { id ... on Organization { key } } }`),
    ).toEqual({
      node: { id: organization.id, key: acme.id },
    })
  })

  test('the number of statements does not grow with the number of organizations', async () => {
    const query =
      '{ organizations { totalCount nodes { key modules memberCount schemaVersions { module } } } }'
    const count = async () => {
      gateway.statements.length = 0
      await operator.query(query)
      return gateway.statements.length
    }
    const before = await count()
    await gateway.organization({ modules: [] })
    expect([before, await count()]).toEqual([2, 2])
  })

  test('the fleet counts organizations that are up to date and behind', async () => {
    const FLEET =
      '{ fleet { tenants { total upToDate behind failed } modules { module latest tenants upToDate } shared { version latest isUpToDate } } }'
    interface Answer {
      fleet: {
        tenants: Record<'total' | 'upToDate' | 'behind' | 'failed', number>
        modules: { module: string; latest: number; tenants: number; upToDate: number }[]
        shared: { version: number; latest: number; isUpToDate: boolean }
      }
    }
    const acme = await gateway.organization()
    const { fleet } = await operator.query<Answer>(FLEET)
    expect(fleet.tenants).toEqual({
      total: fleet.tenants.total,
      upToDate: fleet.tenants.total,
      behind: 0,
      failed: 0,
    })
    expect(fleet.shared).toMatchObject({ version: fleet.shared.latest, isUpToDate: true })
    const usage = fleet.modules.find(({ module }) => module === 'usage')!
    await gateway.database.admin.query(
      `delete from public.schema_migrations where schema_name = $1 and module = 'usage' and version = $2`,
      [`org_${acme.id}`, usage.latest],
    )
    const after = (await operator.query<Answer>(FLEET)).fleet
    expect(after.tenants).toEqual({ ...fleet.tenants, upToDate: fleet.tenants.total - 1, behind: 1 })
    expect(after.modules.find(({ module }) => module === 'usage')).toEqual({
      ...usage,
      upToDate: usage.upToDate - 1,
    })
  })

  test('the enum of modules holds what the catalogue of modules holds', async () => {
    const { rows } = await gateway.database.admin.query<{ name: string }>(
      'select name from public.modules where not is_core order by name',
    )
    expect(Object.values(OptionalModule).sort()).toEqual(rows.map(({ name }) => name))
  })
})

test('a gateway without an admin connection reads, and names the setting when it should change schemas', async () => {
  const reader = await platformGateway({ withAdmin: false })
  try {
    const admin = await platformAdmin(reader, 'super_admin')
    const acme = await reader.organization({ modules: [] })
    expect(await admin.query('{ organizations { nodes { key } } }')).toEqual({
      organizations: { nodes: [{ key: acme.id }] },
    })
    for (const document of [
      `mutation { createOrganization(input: { key: "x", name: "x", adminEmail: "a@b.example" }) { __typename } }`,
      `mutation { suspendOrganization(key: "${acme.id}", reason: "x") { __typename } }`,
      `mutation { resumeOrganization(key: "${acme.id}") { __typename } }`,
      `mutation { deleteOrganization(key: "${acme.id}", confirm: "${acme.id}") { __typename } }`,
      `{ fleet { tenants { total } } }`,
    ]) {
      const { message, extensions } = await admin.refusal(document)
      expect(extensions['code']).toBe('SERVICE_UNAVAILABLE')
      expect(message).toContain('ADMIN_DATABASE_URL')
    }
    await provisionTenant(reader.database.admin, acme.id)
    expect(await acme.as('owner').query('{ viewer { role } }')).toEqual({ viewer: { role: 'OWNER' } })
  } finally {
    await reader.close()
  }
})

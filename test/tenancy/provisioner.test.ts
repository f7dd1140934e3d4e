import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadMigrations } from '../../src/fleet/migration-files.js'
import { optionalModules } from '../../src/tenancy/optional-modules.js'
import { provisionTenant, resumeTenant, suspendTenant } from '../../src/tenancy/provisioner.js'
import { roleOf, schemaOf, type TenantId } from '../../src/tenancy/tenant-id.js'
import { findTenant, listTenants, showTenant } from '../../src/tenancy/tenant-record.js'
import { requestTenant, type TenantRequest } from '../../src/tenancy/tenant-request.js'
import { withMigration } from '../support/catalogue.js'
import { freshDatabase, uniqueTenant, type TestDatabase } from '../support/database.js'
import { newTenant, tablesOf } from '../support/new-tenant.js'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database?.drop())

function request(changes: Partial<TenantRequest> = {}): TenantRequest {
  const tenant = changes.tenant ?? uniqueTenant()
  return {
    tenant,
    name: `Organization ${tenant}`,
    plan: 'pro',
    modules: ['usage'],
    adminEmail: `ada@${tenant}.example`,
    adminName: 'Ada Lovelace',
    ...changes,
  }
}

/** Rows of the control plane that belong to a tenant. */
async function rowsOf(tenant: TenantId) {
  const { rows } = await database.admin.query(
    `select (select count(*)::integer from public.organizations where org_key = $1) as organizations,
       (select count(*)::integer from public.tenant_schemas where schema_name = 'org_' || $1) as schemas,
       (select count(*)::integer from public.module_access a join public.organizations o on o.id = a.organization_id
        where o.org_key = $1) as entitlements,
       (select count(*)::integer from public.memberships m join public.organizations o on o.id = m.organization_id
        where o.org_key = $1) as memberships,
       (select array_agg(event_type order by occurred_at, id) from public.platform_audit_logs where target_id = $1) as events`,
    [tenant],
  )
  return rows[0]
}

describe('a request', () => {
  test('becomes an active tenant with its modules and its first owner', async () => {
    const wanted = request()
    expect(await requestTenant(database.admin, wanted)).toMatchObject({ state: 'requested', modules: [] })
    const outcome = await provisionTenant(database.admin, wanted.tenant)
    expect(outcome).toMatchObject({
      steps: ['schema', 'remainder', 'owner', 'activate'],
      installed: ['usage'],
      unavailable: [],
      tenant: { state: 'active', plan: 'pro', modules: ['usage'], leaseOwner: null },
    })
    expect(await tablesOf(database.admin, wanted.tenant)).toEqual(
      expect.arrayContaining(['users', 'usage_events']),
    )
    const { rows } = await database.admin.query(
      `select i.email, m.role, u.full_name, u.first_name, u.last_name, r.name as held, p.name as primary,
         exists (select from ${schemaOf(wanted.tenant)}.user_profiles where user_id = u.id) as has_profile
       from public.memberships m join public.identities i on i.id = m.identity_id
       join ${schemaOf(wanted.tenant)}.users u on u.id = i.id
       join ${schemaOf(wanted.tenant)}.user_roles h on h.user_id = u.id
       join ${schemaOf(wanted.tenant)}.roles r on r.id = h.role_id
       join ${schemaOf(wanted.tenant)}.roles p on p.id = u.primary_role_id
       where m.organization_id = $1`,
      [outcome.tenant.organizationId],
    )
    expect(rows).toEqual([
      {
        email: wanted.adminEmail,
        role: 'owner',
        full_name: 'Ada Lovelace',
        first_name: 'Ada',
        last_name: 'Lovelace',
        held: 'owner',
        primary: 'owner',
        has_profile: true,
      },
    ])
    expect(await rowsOf(wanted.tenant)).toMatchObject({
      events: ['tenant.requested', 'tenant.provisioning', 'tenant.active'],
    })
  })

  test('made twice gives the same tenant and duplicates nothing', async () => {
    const wanted = request()
    const first = await requestTenant(database.admin, wanted)
    await provisionTenant(database.admin, wanted.tenant)
    const before = await rowsOf(wanted.tenant)
    expect((await requestTenant(database.admin, wanted)).organizationId).toBe(first.organizationId)
    expect(await provisionTenant(database.admin, wanted.tenant)).toMatchObject({ steps: [], installed: [] })
    expect(await rowsOf(wanted.tenant)).toEqual(before)
    expect(before).toMatchObject({ organizations: 1, schemas: 1, entitlements: 1, memberships: 1 })
  })

  test('made many times at once gives one tenant', async () => {
    const wanted = request()
    // Connections are open already, so that the requests really meet.
    await Promise.all(Array.from({ length: 5 }, () => database.admin.query('select pg_sleep(0.05)')))
    const records = await Promise.all(Array.from({ length: 5 }, () => requestTenant(database.admin, wanted)))
    expect(new Set(records.map(({ organizationId }) => organizationId)).size).toBe(1)
    expect(await rowsOf(wanted.tenant)).toMatchObject({ organizations: 1, events: ['tenant.requested'] })
  })

  test('that differs from the tenant is refused, naming each difference', async () => {
    const wanted = request()
    await requestTenant(database.admin, wanted)
    await expect(
      requestTenant(database.admin, {
        ...wanted,
        plan: 'enterprise',
        modules: ['usage', 'llm'],
        adminEmail: 'b@c.example',
      }),
    ).rejects.toMatchObject({
      code: 'CONFLICT',
      details: {
        differences: [
          'plan is pro, asked for enterprise',
          `admin e-mail is ${wanted.adminEmail}, asked for b@c.example`,
          'modules is usage, asked for llm, usage',
        ],
      },
    })
    // What a request leaves open is not a difference.
    await requestTenant(database.admin, { tenant: wanted.tenant, name: wanted.name, modules: wanted.modules })
  })

  test.each([
    ['name', { name: 'Taken Name' }],
    ['slug', { slug: 'taken-slug' }],
  ])('for the %s of another organization is refused, naming it', async (field, taken) => {
    await requestTenant(database.admin, request(taken))
    await expect(requestTenant(database.admin, request(taken))).rejects.toMatchObject({
      code: 'CONFLICT_DUPLICATE',
      details: { field },
    })
  })

  test.each([
    ['an unknown module', { modules: ['usage', 'crm'] }, /Unknown module crm\. Modules are .*usage/],
    ['a slug of another form', { slug: 'No Slug' }, /Not a slug: No Slug/],
  ])('with %s is refused and leaves nothing', async (_, changes, message) => {
    const wanted = request(changes)
    await expect(requestTenant(database.admin, wanted)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringMatching(message),
    })
    expect(await findTenant(database.admin, wanted.tenant)).toBeUndefined()
  })

  test('without a slug gets one from its name', async () => {
    const slugs = []
    for (const name of ['Señor & Ünal GmbH — 2', '株式会社']) {
      slugs.push((await requestTenant(database.admin, request({ name }))).slug)
    }
    expect(slugs).toEqual(['senor-unal-gmbh-2', expect.stringMatching(/^t-[0-9a-f]{12}$/)])
  })

  test('for a tenant nobody asked for is not there', async () => {
    await expect(provisionTenant(database.admin, uniqueTenant())).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('modules', () => {
  test('known here are the ones of the catalogue and of the check on installed modules', async () => {
    const { rows } = await database.admin.query<{ name: string; check: string }>(
      `select name, (select pg_get_constraintdef(oid) from pg_constraint where conname = 'tenant_schemas_modules_check') as check
       from public.modules where not is_core`,
    )
    expect(rows.map(({ name }) => name).sort()).toEqual([...optionalModules].sort())
    for (const module of optionalModules) expect(rows[0]!.check).toContain(`'${module}'`)
  })

  test('an organization may use but this installation lacks are kept, and installed once they are there', async () => {
    const wanted = request({ modules: ['usage', 'compliance'] })
    await requestTenant(database.admin, wanted)
    expect(await provisionTenant(database.admin, wanted.tenant)).toMatchObject({
      installed: ['usage'],
      unavailable: ['compliance'],
      tenant: { modules: ['usage'], entitledModules: ['compliance', 'usage'] },
    })
    const migrations = withMigration(await loadMigrations(), {
      module: 'compliance',
      name: 'events',
      up: 'create table compliance_events (id uuid);',
    })
    expect(await provisionTenant(database.admin, wanted.tenant, { migrations })).toMatchObject({
      steps: ['modules'],
      installed: ['compliance'],
      unavailable: [],
      tenant: { state: 'active', modules: ['compliance', 'usage'], schemaVersions: { compliance: 1 } },
    })
    expect(await tablesOf(database.admin, wanted.tenant)).toContain('compliance_events')
  })

  test('whose files refuse a transaction are installed too, before the tenant is served', async () => {
    let migrations = withMigration(await loadMigrations(), {
      module: 'compliance',
      name: 'events',
      up: 'create table compliance_events (id uuid, name text);',
    })
    migrations = withMigration(migrations, {
      module: 'compliance',
      name: 'index',
      up: '-- orgscope: no-transaction\ncreate index concurrently if not exists events_name_idx on compliance_events (name);',
    })
    migrations = withMigration(migrations, {
      module: 'compliance',
      name: 'after',
      up: 'create table compliance_after (id uuid);',
    })
    const wanted = request({ modules: ['compliance'] })
    await requestTenant(database.admin, wanted)
    const { tenant } = await provisionTenant(database.admin, wanted.tenant, { migrations })
    expect(tenant).toMatchObject({ state: 'active', schemaVersions: { compliance: 3 } })
    const { rows } = await database.admin.query(
      `select (select count(*)::integer from public.schema_migrations where schema_name = $1 and module = 'compliance'
         and status = 'applied') as applied, to_regclass($1 || '.events_name_idx') is not null as indexed,
         (select count(*) > 0 from ${schemaOf(wanted.tenant)}.roles) as has_roles`,
      [schemaOf(wanted.tenant)],
    )
    expect(rows).toEqual([{ applied: 3, indexed: true, has_roles: true }])
  })
})

describe('provisioning refuses', () => {
  test('a schema that is there already, because it is nobody’s', async () => {
    const wanted = request()
    await requestTenant(database.admin, wanted)
    await database.admin.query(`create schema ${schemaOf(wanted.tenant)}`)
    await expect(provisionTenant(database.admin, wanted.tenant)).rejects.toThrow(/already exists/)
    expect(await showTenant(database.admin, wanted.tenant)).toMatchObject({
      state: 'failed',
      lastError: expect.stringContaining('already exists'),
    })
    await database.admin.query(`drop schema ${schemaOf(wanted.tenant)}`)
    expect(await provisionTenant(database.admin, wanted.tenant)).toMatchObject({
      tenant: { state: 'active', lastError: null, attempts: 2 },
    })
  })

  test('a role of that name which may do more than a tenant’s role', async () => {
    const wanted = request()
    await requestTenant(database.admin, wanted)
    await database.admin.query(`create role ${roleOf(wanted.tenant)} login`)
    await expect(provisionTenant(database.admin, wanted.tenant)).rejects.toThrow(
      /is not the role of a tenant/,
    )
    await database.admin.query(`drop role ${roleOf(wanted.tenant)}`)
    await provisionTenant(database.admin, wanted.tenant)
  })

  test('nothing of the same tenant in another database of the cluster', async () => {
    const wanted = request()
    const other = await freshDatabase()
    try {
      for (const { admin } of [database, other]) await requestTenant(admin, wanted)
      const outcomes = await Promise.all(
        [database, other].map(({ admin }) => provisionTenant(admin, wanted.tenant)),
      )
      expect(outcomes.map(({ tenant }) => tenant.state)).toEqual(['active', 'active'])
    } finally {
      await other.drop()
    }
  })
})

describe('serving', () => {
  test('stops when suspended, goes on when resumed, and doing it twice changes nothing', async () => {
    const tenant = await newTenant(database.admin)
    const status = async (): Promise<string> => {
      const { rows } = await database.admin.query(
        'select status from public.organizations where org_key = $1',
        [tenant],
      )
      return rows[0].status as string
    }
    for (let count = 0; count < 2; count += 1) {
      expect(await suspendTenant(database.admin, tenant, { reason: 'unpaid' })).toMatchObject({
        state: 'suspended',
      })
      expect(await status()).toBe('suspended')
    }
    for (let count = 0; count < 2; count += 1) {
      expect(await resumeTenant(database.admin, tenant)).toMatchObject({ state: 'active' })
      expect(await status()).toBe('active')
    }
    expect((await rowsOf(tenant)).events).toEqual([
      'tenant.requested',
      'tenant.provisioning',
      'tenant.active',
      'tenant.suspended',
      'tenant.active',
    ])
  })

  test('cannot stop before it has begun', async () => {
    const wanted = request()
    await requestTenant(database.admin, wanted)
    await expect(suspendTenant(database.admin, wanted.tenant)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: `Tenant ${wanted.tenant} is requested and cannot be suspended. Provision it first.`,
    })
  })

  test('changed by two at once is changed by one, and the audit log tells who', async () => {
    const tenant = await newTenant(database.admin)
    const by = { identityId: '00000000-0000-4000-8000-000000000001', requestId: 'r-1' }
    const results = await Promise.allSettled(
      Array.from({ length: 4 }, () => suspendTenant(database.admin, tenant, { by })),
    )
    for (const result of results.filter(({ status }) => status === 'rejected')) {
      expect((result as PromiseRejectedResult).reason).toMatchObject({ code: 'CONFLICT' })
    }
    const { rows } = await database.admin.query(
      `select actor_identity_id, request_id, details from public.platform_audit_logs
       where target_id = $1 and event_type = 'tenant.suspended'`,
      [tenant],
    )
    expect(rows).toEqual([
      { actor_identity_id: by.identityId, request_id: 'r-1', details: { from: 'active', to: 'suspended' } },
    ])
  })

  test('gateways hear of every change', async () => {
    const listener = new pg.Client({ connectionString: database.gatewayUrl })
    await listener.connect()
    const heard: (string | undefined)[] = []
    listener.on('notification', ({ payload }) => heard.push(payload))
    await listener.query('listen orgscope_directory')
    const tenant = await newTenant(database.admin)
    await expect.poll(() => heard.length).toBeGreaterThanOrEqual(3)
    const before = heard.length
    await suspendTenant(database.admin, tenant)
    await expect.poll(() => heard.length).toBe(before + 1)
    expect(new Set(heard)).toEqual(new Set([tenant]))
    await listener.end()
  })
})

test('tenants are listed by id with what is known of them', async () => {
  const [a, b] = [
    await newTenant(database.admin),
    await newTenant(database.admin, { modules: ['usage', 'llm'] }),
  ]
  const listed = await listTenants(database.admin)
  const ids = listed.map(({ tenant }) => tenant)
  expect(ids).toEqual([...ids].sort())
  expect(ids).toEqual(expect.arrayContaining([a, b]))
  expect(listed.find(({ tenant }) => tenant === b)).toMatchObject({
    state: 'active',
    modules: ['usage'],
    entitledModules: ['llm', 'usage'],
    schemaVersions: { core: expect.any(Number), usage: expect.any(Number) },
  })
})

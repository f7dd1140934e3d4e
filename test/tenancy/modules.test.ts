import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadMigrations, type MigrationCatalogue } from '../../src/fleet/migration-files.js'
import { migrateUp } from '../../src/fleet/migrate-up.js'
import { changePlan, disableModule, enableModule } from '../../src/tenancy/change-modules.js'
import { ExpiryWatch, type EndingAccess } from '../../src/tenancy/expiry-watch.js'
import { purgeModule } from '../../src/tenancy/purge-module.js'
import { provisionTenant, suspendTenant } from '../../src/tenancy/provisioner.js'
import { roleOf, schemaOf, type TenantId } from '../../src/tenancy/tenant-id.js'
import { listTenantModules } from '../../src/tenancy/tenant-modules.js'
import { showTenant } from '../../src/tenancy/tenant-record.js'
import { requestTenant } from '../../src/tenancy/tenant-request.js'
import { fingerprint, withMigration } from '../support/catalogue.js'
import { freshDatabase, uniqueTenant, type TestDatabase } from '../support/database.js'
import { newTenant, tablesOf } from '../support/new-tenant.js'

let database: TestDatabase
/** With a second optional module: a table with a row of its own, and an index that refuses a transaction. */
let migrations: MigrationCatalogue
beforeAll(async () => {
  database = await freshDatabase()
  const base = withMigration(await loadMigrations(), {
    module: 'llm',
    name: 'talks',
    up: 'create table talks (id uuid primary key, topic text);\ngrant select, insert on talks to :tenant_role;',
    down: 'drop table talks;',
  })
  const stream = base.modules.get('llm')!
  const sql = `insert into talks values ('00000000-0000-4000-8000-000000000001', 'welcome') on conflict do nothing`
  const defaultData = { file: 'migrations/tenant/llm/default-data.sql', sql, transactional: true }
  migrations = { ...base, modules: new Map([...base.modules, ['llm', { ...stream, defaultData }]]) }
})
afterAll(() => database?.drop())

const later = (catalogue: MigrationCatalogue): MigrationCatalogue =>
  withMigration(catalogue, {
    module: 'llm',
    name: 'mood',
    up: 'alter table talks add column mood text;',
    down: 'alter table talks drop column mood;',
  })

const indexed = (catalogue: MigrationCatalogue): MigrationCatalogue =>
  withMigration(catalogue, {
    module: 'llm',
    name: 'index',
    up: '-- orgscope: no-transaction\ncreate index concurrently if not exists talks_topic_idx on talks (topic);',
    down: '-- orgscope: no-transaction\ndrop index concurrently if exists talks_topic_idx;',
  })

async function state(tenant: TenantId, module = 'llm') {
  const modules = await listTenantModules(database.admin, await showTenant(database.admin, tenant))
  return modules.find((of) => of.module === module)!
}

async function rows<Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> {
  return (await database.admin.query<Row>(sql, values)).rows
}

async function topics(tenant: TenantId): Promise<string[]> {
  const found = await rows<{ topic: string }>(`select topic from ${schemaOf(tenant)}.talks order by topic`)
  return found.map(({ topic }) => topic)
}

const audit = (tenant: TenantId) =>
  rows<{ event_type: string }>(
    `select event_type from public.platform_audit_logs
     where target_id = $1 and (event_type like 'module.%' or event_type like '%plan%') order by occurred_at, id`,
    [tenant],
  ).then((found) => found.map(({ event_type }) => event_type))

describe('a module', () => {
  test('that is enabled gets tables, default rows, ledger and grants, and nothing more the second time', async () => {
    const tenant = await newTenant(database.admin)
    const { admin } = database
    const first = await enableModule(admin, tenant, 'llm', { access: 'full', migrations })
    expect(first).toMatchObject({
      changed: true,
      tenant: { modules: ['llm'], entitledModules: ['llm'], schemaVersions: { llm: 1 } },
      module: { access: 'full', expiresAt: null, isEnabled: true, isInstalled: true, version: 1 },
    })
    expect(await topics(tenant)).toEqual(['welcome'])
    const [grants] = await rows(
      `select has_table_privilege($1, $2, 'insert') as insert, has_table_privilege($1, $2, 'delete') as delete`,
      [roleOf(tenant), `${schemaOf(tenant)}.talks`],
    )
    expect(grants).toEqual({ insert: true, delete: false })
    expect(await enableModule(admin, tenant, 'llm', { access: 'full', migrations })).toMatchObject({
      changed: false,
    })
    expect(await audit(tenant)).toEqual(['module.enabled'])
  })

  test('that is disabled keeps its data, goes on migrating with the fleet, and comes back with all of it', async () => {
    const { admin } = database
    const tenant = await newTenant(admin)
    await enableModule(admin, tenant, 'llm', { access: 'full', migrations })
    await rows(`insert into ${schemaOf(tenant)}.talks values (gen_random_uuid(), 'kept')`)
    expect(await disableModule(admin, tenant, 'llm', { reason: 'not renewed' })).toMatchObject({
      changed: true,
      module: { access: 'none', isInstalled: true, isEnabled: false },
    })
    expect(await disableModule(admin, tenant, 'llm')).toMatchObject({ changed: false })
    await migrateUp(admin, later(migrations), { only: [tenant] })
    expect(await state(tenant)).toMatchObject({ version: 2, isEnabled: false })
    const change = await enableModule(admin, tenant, 'llm', { access: 'full', migrations: later(migrations) })
    expect(change.module).toMatchObject({ isEnabled: true, version: 2 })
    expect(await topics(tenant)).toEqual(['kept', 'welcome'])
    expect(await audit(tenant)).toEqual(['module.enabled', 'module.disabled', 'module.enabled'])
  })

  test('that is enabled again gets the migrations it has missed before anybody can use it', async () => {
    const tenant = await newTenant(database.admin)
    await enableModule(database.admin, tenant, 'llm', { access: 'full', migrations })
    await disableModule(database.admin, tenant, 'llm')
    const newer = indexed(later(migrations))
    const { module } = await enableModule(database.admin, tenant, 'llm', {
      access: 'full',
      migrations: newer,
    })
    expect(module).toMatchObject({ version: 3, isEnabled: true })
    const [index] = await rows(`select to_regclass($1) is not null as there`, [
      `${schemaOf(tenant)}.talks_topic_idx`,
    ])
    expect(index).toEqual({ there: true })
  })

  test('that is purged leaves no trace but in the audit log, and begins anew when it is enabled', async () => {
    const { admin } = database
    const tenant = await newTenant(admin)
    const before = await fingerprint(admin, schemaOf(tenant))
    const all = indexed(later(migrations))
    await enableModule(admin, tenant, 'llm', { access: 'full', migrations: all })
    await rows(`insert into ${schemaOf(tenant)}.talks values (gen_random_uuid(), 'lost')`)
    await expect(purgeModule(admin, tenant, 'llm', { migrations: all })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('Disable it first'),
    })
    await disableModule(admin, tenant, 'llm')
    expect(await purgeModule(admin, tenant, 'llm', { migrations: all })).toMatchObject({
      changed: true,
      tenant: { modules: [] },
      module: { isInstalled: false, version: null },
    })
    expect(await fingerprint(admin, schemaOf(tenant))).toEqual(before)
    expect(
      await rows(`select from public.schema_migrations where schema_name = $1 and module = 'llm'`, [
        schemaOf(tenant),
      ]),
    ).toEqual([])
    expect(await purgeModule(admin, tenant, 'llm', { migrations: all })).toMatchObject({ changed: false })
    await enableModule(admin, tenant, 'llm', { access: 'full', migrations: all })
    expect(await topics(tenant)).toEqual(['welcome'])
    expect(await audit(tenant)).toEqual([
      'module.enabled',
      'module.disabled',
      'module.purged',
      'module.enabled',
    ])
  })

  test('of this installation can be purged as well', async () => {
    const tenant = await newTenant(database.admin, { modules: ['usage'] })
    await disableModule(database.admin, tenant, 'usage')
    await purgeModule(database.admin, tenant, 'usage')
    expect((await tablesOf(database.admin, tenant)).filter((name) => name.startsWith('usage'))).toEqual([])
  })

  test('is not purged by a version that does not know all of its migrations', async () => {
    const tenant = await newTenant(database.admin)
    await enableModule(database.admin, tenant, 'llm', { access: 'full', migrations: later(migrations) })
    await disableModule(database.admin, tenant, 'llm')
    await expect(purgeModule(database.admin, tenant, 'llm', { migrations })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('has 2 migrations, of which this version knows 1'),
    })
    expect(await topics(tenant)).toEqual(['welcome'])
  })

  test('without tables here is a right that is kept until there are some', async () => {
    const tenant = await newTenant(database.admin)
    const { module } = await enableModule(database.admin, tenant, 'records', { access: 'full' })
    expect(module).toMatchObject({ access: 'full', isInstalled: false, isEnabled: false })
  })

  test('whose tables cannot be made is not enabled, and the next call finishes it', async () => {
    const tenant = await newTenant(database.admin)
    await rows(`create table ${schemaOf(tenant)}.talks (id uuid)`)
    const enable = () => enableModule(database.admin, tenant, 'llm', { access: 'full', migrations })
    await expect(enable()).rejects.toThrow(/already exists/)
    expect(await state(tenant)).toMatchObject({ access: 'none', isInstalled: false })
    await rows(`drop table ${schemaOf(tenant)}.talks`)
    expect((await enable()).module).toMatchObject({ isEnabled: true })
    expect(await topics(tenant)).toEqual(['welcome'])
  })

  test.each([
    ['core', /core is a part of every tenant/],
    ['lln', /There is no module lln\. Did you mean llm\?/],
    ['billing', /There is no module billing\. Modules are /],
  ])('called %s is refused by every change', async (name, message) => {
    const tenant = await newTenant(database.admin)
    for (const change of [enableModule, disableModule, purgeModule]) {
      await expect(change(database.admin, tenant, name)).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
        message: expect.stringMatching(message),
      })
    }
  })

  test('changed by several at once is changed once', async () => {
    const tenant = await newTenant(database.admin)
    const changes = await Promise.all(
      [1, 2, 3].map(() => enableModule(database.admin, tenant, 'llm', { access: 'full', migrations })),
    )
    expect(changes.filter(({ changed }) => changed)).toHaveLength(1)
    expect(await audit(tenant)).toEqual(['module.enabled'])
  })

  test('of a tenant that is suspended can be changed, of one that was never made it cannot', async () => {
    const tenant = await newTenant(database.admin)
    await suspendTenant(database.admin, tenant)
    await enableModule(database.admin, tenant, 'llm', { access: 'full', migrations })
    const requested = uniqueTenant()
    await requestTenant(database.admin, { tenant: requested, name: requested, modules: [] })
    await expect(
      enableModule(database.admin, requested, 'llm', { access: 'full', migrations }),
    ).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('Provision it first') })
  })
})

describe('a trial', () => {
  test('ends after the days of its offer, is warned of, and is given once', async () => {
    const tenant = await newTenant(database.admin)
    const { module } = await enableModule(database.admin, tenant, 'llm', { access: 'trial', migrations })
    const days = (Date.parse(module.expiresAt!) - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(29.9)
    expect(days).toBeLessThan(30.1)
    expect(module).toMatchObject({ access: 'trial', isEnabled: true, endsSoon: false })
    const move = (interval: string) =>
      rows(
        `update public.module_access set expires_at = now() + $2::interval
         where organization_id = $1 and access_level = 'trial'`,
        [organizationId, interval],
      )
    const { organizationId } = await showTenant(database.admin, tenant)
    await move('6 days')
    expect(await state(tenant)).toMatchObject({ endsSoon: true, isEnabled: true })
    await move('-1 second')
    expect(await state(tenant)).toMatchObject({ isExpired: true, isEnabled: false, isInstalled: true })
    expect((await showTenant(database.admin, tenant)).entitledModules).toEqual([])
    await expect(
      enableModule(database.admin, tenant, 'llm', { access: 'trial', migrations }),
    ).rejects.toMatchObject({ code: 'CONFLICT' })
    // Somebody who provisions it again does not bring the trial back.
    await provisionTenant(database.admin, tenant, { migrations })
    expect(await state(tenant)).toMatchObject({ isEnabled: false })
  })
})

test('access that ends soon is told of once a day', async () => {
  const tenant = await newTenant(database.admin)
  const [soon, later] = [6, 9].map((days) => new Date(Date.now() + days * 86_400_000).toISOString())
  await enableModule(database.admin, tenant, 'usage', { expiresAt: soon })
  await enableModule(database.admin, tenant, 'workspace', { expiresAt: later })
  const told: EndingAccess[] = []
  const watch = new ExpiryWatch(
    database.pool(database.gatewayUrl, 1),
    { statementTimeout: 5_000 },
    (ending) => void told.push(ending),
    (error) => expect.unreachable(String(error)),
  )
  await watch.look()
  await watch.look()
  const own = told.filter((ending) => ending.tenant === tenant)
  expect(own.map(({ module, expiresAt }) => [module, Date.parse(expiresAt)])).toEqual([
    ['usage', Date.parse(soon!)],
  ])
})

describe('a plan', () => {
  test('that is left takes along what came with it, and leaves what was granted beside it', async () => {
    const { admin } = database
    const tenant = await newTenant(admin)
    await changePlan(admin, tenant, 'pro')
    await enableModule(admin, tenant, 'llm', { migrations })
    await enableModule(admin, tenant, 'portfolio', { access: 'full' })
    await enableModule(admin, tenant, 'usage')
    expect(await changePlan(admin, tenant, 'free')).toMatchObject({ disabled: ['llm'], unlimited: [] })
    expect((await showTenant(admin, tenant)).entitledModules).toEqual(['portfolio', 'usage'])
    expect(await topics(tenant)).toEqual(['welcome'])
    expect(await audit(tenant)).toContain('tenant.plan_changed')
  })

  test('that includes a module on trial makes it a module without limit', async () => {
    const { admin } = database
    const tenant = await newTenant(admin)
    await enableModule(admin, tenant, 'llm', { access: 'trial', migrations })
    expect(await changePlan(admin, tenant, 'pro')).toMatchObject({ unlimited: ['llm'] })
    expect(await state(tenant)).toMatchObject({ access: 'full', expiresAt: null, isEnabled: true })
  })

  test('that there is not is refused', async () => {
    const tenant = await newTenant(database.admin)
    await expect(changePlan(database.admin, tenant, 'gold')).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: 'There is no plan gold. Plans are free, pro, enterprise.',
    })
  })
})

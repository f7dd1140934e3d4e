import { afterAll, beforeAll, expect, test } from 'vitest'
import { fleetStatus, planFleet, planSql } from '../../src/fleet/fleet-status.js'
import { migrateUp } from '../../src/fleet/migrate-up.js'
import { loadMigrations, type MigrationCatalogue } from '../../src/fleet/migration-files.js'
import { suspendTenant } from '../../src/tenancy/provisioner.js'
import { schemaOf, type TenantId } from '../../src/tenancy/tenant-id.js'
import { withMigration } from '../support/catalogue.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { newTenant, tablesOf } from '../support/new-tenant.js'

let database: TestDatabase
let files: MigrationCatalogue
let plain: TenantId
let metered: TenantId
beforeAll(async () => {
  files = await loadMigrations()
  database = await freshDatabase()
  plain = await newTenant(database.admin)
  metered = await newTenant(database.admin, { modules: ['usage'] })
  await suspendTenant(database.admin, metered)
})
afterAll(() => database?.drop())

const latest = (module: string): number => files.modules.get(module)!.migrations.length

test('a fleet that is up to date says so, suspended tenants included', async () => {
  const status = await fleetStatus(database.admin, files)
  expect(status.shared).toMatchObject({ isUpToDate: true, unfinished: [] })
  expect(status.modules).toEqual([
    { module: 'core', latest: latest('core'), tenants: 2, upToDate: 2 },
    { module: 'usage', latest: latest('usage'), tenants: 1, upToDate: 1 },
  ])
  expect(status.tenants.find(({ tenant }) => tenant === metered)).toMatchObject({
    state: 'suspended',
    isUpToDate: true,
    streams: [
      { module: 'core', version: latest('core'), pending: 0 },
      { module: 'usage', version: latest('usage'), pending: 0 },
    ],
  })
  expect(await planFleet(database.admin, files)).toMatchObject({ shared: { steps: [] }, tenants: [] })
})

test('a plan lists and prints what up would do, and does nothing', async () => {
  let next = withMigration(files, {
    module: 'public',
    name: 'shared_plan',
    up: 'create table public.planned (id uuid);',
  })
  next = withMigration(next, {
    module: 'usage',
    name: 'plan',
    up: 'create table planned_events (id uuid);\ngrant select on planned_events to :tenant_role;',
  })
  const plan = await planFleet(database.admin, next)
  expect(plan.shared.steps.map(({ name }) => name)).toEqual([expect.stringMatching(/_shared_plan$/)])
  expect(plan.tenants.map(({ target, steps }) => [target.tenant, steps.map(({ name }) => name)])).toEqual([
    [metered, [expect.stringMatching(/_plan$/)]],
  ])
  const [shared, tenants] = planSql(plan)
  expect(shared).toContain('create table public.planned (id uuid);')
  expect(tenants).toContain(`set local search_path = ${schemaOf(metered)}, public;`)
  expect(tenants).toContain(`grant select on planned_events to "${schemaOf(metered)}";`)
  expect(await tablesOf(database.admin, 'public')).not.toContain('planned')
  expect(await tablesOf(database.admin, metered)).not.toContain('planned_events')
  expect(await planFleet(database.admin, next, { except: [metered] })).toMatchObject({ tenants: [] })
})

test('what is behind, and what failed, shows for the fleet and for the tenant', async () => {
  const next = withMigration(files, { module: 'core', name: 'half', up: 'create table half (id uuid);' })
  await database.admin.query(`create table ${schemaOf(plain)}.half (id uuid)`)
  await migrateUp(database.admin, next)
  const status = await fleetStatus(database.admin, next)
  expect(status.modules[0]).toEqual({ module: 'core', latest: latest('core') + 1, tenants: 2, upToDate: 1 })
  expect(status.tenants.find(({ tenant }) => tenant === plain)).toMatchObject({
    isUpToDate: false,
    streams: [{ module: 'core', version: latest('core'), latest: latest('core') + 1, pending: 1 }],
    unfinished: [
      {
        migrationName: expect.stringMatching(/_half$/),
        status: 'failed',
        error: expect.stringContaining('half'),
      },
    ],
  })
  expect((await fleetStatus(database.admin, next, { only: [metered] })).tenants).toHaveLength(1)
})

test('a database without any table has everything pending', async () => {
  const empty = await freshDatabase({ from: null })
  try {
    const status = await fleetStatus(empty.admin, files)
    expect(status.shared).toMatchObject({
      isUpToDate: false,
      streams: [{ version: 0, pending: files.shared.migrations.length }],
    })
    expect(status.tenants).toEqual([])
  } finally {
    await empty.drop()
  }
})

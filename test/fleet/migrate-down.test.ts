import { afterAll, beforeAll, expect, test } from 'vitest'
import { prepareCluster } from '../../src/database/prepare-cluster.js'
import { migrateDown } from '../../src/fleet/migrate-down.js'
import { migrateUp } from '../../src/fleet/migrate-up.js'
import { loadMigrations, type MigrationCatalogue } from '../../src/fleet/migration-files.js'
import { schemaOf } from '../../src/tenancy/tenant-id.js'
import { fingerprint, withMigration } from '../support/catalogue.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { newTenant, tablesOf } from '../support/new-tenant.js'

let database: TestDatabase
let files: MigrationCatalogue
beforeAll(async () => {
  files = await loadMigrations()
  database = await freshDatabase()
})
afterAll(() => database?.drop())

async function versionsOf(schema: string) {
  const { rows } = await database.admin.query<{ module: string; status: string; count: number }>(
    `select module, status, count(*)::integer from public.schema_migrations where schema_name = $1
     group by module, status order by module, status`,
    [schema],
  )
  return rows
}

test('a tenant’s module goes down to nothing and up again to the same catalogue', async () => {
  const tenant = await newTenant(database.admin, { modules: ['usage'] })
  const schema = schemaOf(tenant)
  const before = await fingerprint(database.admin, schema)
  const steps = files.modules.get('usage')!.migrations.length

  const down = await migrateDown(database.admin, files, { module: 'usage', to: 0, only: [tenant] })
  expect(down).toMatchObject({ steps, schemas: 1, failures: [] })
  expect(await tablesOf(database.admin, tenant)).not.toContain('usage_events')
  expect(await versionsOf(schema)).toContainEqual({ module: 'usage', status: 'rolled_back', count: steps })
  const { rows } = await database.admin.query(
    `select schema_versions ->> 'usage' as usage from public.tenant_schemas where schema_name = $1`,
    [schema],
  )
  expect(rows).toEqual([{ usage: '0' }])

  expect(await migrateUp(database.admin, files, { only: [tenant] })).toMatchObject({ steps, failures: [] })
  expect(await fingerprint(database.admin, schema)).toEqual(before)
})

test('every tenant’s every module goes down to nothing, leaving no table', async () => {
  const tenant = await newTenant(database.admin, { modules: ['usage'] })
  for (const module of ['usage', 'core']) {
    expect(await migrateDown(database.admin, files, { module, to: 0, only: [tenant] })).toMatchObject({
      failures: [],
    })
  }
  expect(await fingerprint(database.admin, schemaOf(tenant))).toEqual([])
  await migrateUp(database.admin, files, { only: [tenant] })
})

test('schema public goes down step by step, ledger included, and up again to the same catalogue', async () => {
  const empty = await freshDatabase({ from: null })
  try {
    await prepareCluster({ admin: empty.admin })
    await migrateUp(empty.admin, files)
    const before = await fingerprint(empty.admin, 'public')
    const steps = files.shared.migrations.length
    expect(await migrateDown(empty.admin, files, { module: 'public', to: steps - 1 })).toMatchObject({
      steps: 1,
    })
    expect(await migrateDown(empty.admin, files, { module: 'public', to: 0 })).toMatchObject({
      steps: steps - 1,
      schemas: 1,
      failures: [],
    })
    expect(await fingerprint(empty.admin, 'public')).toEqual([])
    expect(await migrateUp(empty.admin, files)).toMatchObject({ steps, failures: [] })
    expect(await fingerprint(empty.admin, 'public')).toEqual(before)
  } finally {
    await empty.drop()
  }
})

test('a down file that fails keeps what is left, tells why, and leaves the others alone', async () => {
  const [one, two] = [await newTenant(database.admin), await newTenant(database.admin)]
  const extended = withMigration(files, {
    module: 'core',
    name: 'kept',
    up: 'create table kept (id integer);',
    down: 'drop table kept;',
  })
  await migrateUp(database.admin, extended, { only: [one, two] })
  await database.admin.query(`create view ${schemaOf(one)}.in_the_way as select * from ${schemaOf(one)}.kept`)
  const to = extended.modules.get('core')!.migrations.length - 1
  const { failures, steps } = await migrateDown(database.admin, extended, {
    module: 'core',
    to,
    only: [one, two],
  })
  expect(steps).toBe(1)
  expect(failures).toMatchObject([{ tenant: one, reason: expect.stringMatching(/depend/) }])
  expect(await tablesOf(database.admin, one)).toContain('kept')
  expect(await tablesOf(database.admin, two)).not.toContain('kept')
  await database.admin.query(`drop view ${schemaOf(one)}.in_the_way`)
  expect(await migrateDown(database.admin, extended, { module: 'core', to, only: [one] })).toMatchObject({
    steps: 1,
  })
})

test('a down file may refuse a transaction too', async () => {
  const tenant = await newTenant(database.admin)
  const extended = withMigration(files, {
    module: 'core',
    name: 'concurrent',
    up: 'create index teams_concurrent_idx on teams (name);',
    down: '-- orgscope: no-transaction\ndrop index concurrently if exists teams_concurrent_idx;',
  })
  await migrateUp(database.admin, extended, { only: [tenant] })
  const to = files.modules.get('core')!.migrations.length
  expect(await migrateDown(database.admin, extended, { module: 'core', to, only: [tenant] })).toMatchObject({
    steps: 1,
    failures: [],
  })
  const { rows } = await database.admin.query(`select to_regclass($1) as index`, [
    `${schemaOf(tenant)}.teams_concurrent_idx`,
  ])
  expect(rows).toEqual([{ index: null }])
})

test.each([
  ['nonsense', 0, /No migrations are called nonsense\. There are: public, core, usage/],
  ['usage', 99, /usage has versions 0 \(nothing\) to \d+; there is no 99/],
  ['usage', -1, /there is no -1/],
  ['usage', 1.5, /there is no 1\.5/],
])('going down %s to %s is refused', async (module, to, message) => {
  await expect(migrateDown(database.admin, files, { module, to })).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: expect.stringMatching(message),
  })
})

test('nothing is taken back while an applied file has changed', async () => {
  const tenant = await newTenant(database.admin)
  const core = files.modules.get('core')!
  const [first, ...rest] = core.migrations
  const changed = { ...core, migrations: [{ ...first!, checksum: '0'.repeat(64) }, ...rest] }
  const catalogue = { ...files, modules: new Map([...files.modules, ['core', changed]]) }
  await expect(
    migrateDown(database.admin, catalogue, { module: 'core', to: 0, only: [tenant] }),
  ).rejects.toMatchObject({ message: expect.stringContaining(first!.up.file) })
  expect(await tablesOf(database.admin, tenant)).toContain('users')
})

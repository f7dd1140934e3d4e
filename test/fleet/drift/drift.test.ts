import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { detectDrift } from '../../../src/fleet/drift/detect-drift.js'
import type { TenantDrift } from '../../../src/fleet/drift/finding.js'
import { repairTenant } from '../../../src/fleet/drift/repair-tenant.js'
import { loadMigrations, type MigrationCatalogue } from '../../../src/fleet/migration-files.js'
import { dropSpares, fillSpares } from '../../../src/tenancy/spares/spare-pool.js'
import { schemaOf, type TenantId } from '../../../src/tenancy/tenant-id.js'
import { withMigration } from '../../support/catalogue.js'
import { freshDatabase, type TestDatabase } from '../../support/database.js'
import { newTenant } from '../../support/new-tenant.js'
import { damageMessages, damages, damageSql } from './damage.js'

let database: TestDatabase
let catalogue: MigrationCatalogue
/** Left alone by every test: it must never be told of. */
let bystander: TenantId
beforeAll(async () => {
  database = await freshDatabase()
  catalogue = await loadMigrations()
  bystander = await newTenant(database.admin, { modules: ['usage'] })
})
afterAll(() => database?.drop())

async function driftOf(tenant: TenantId, migrations = catalogue): Promise<TenantDrift> {
  const [drift] = await detectDrift(database.admin, migrations, { only: [tenant] })
  return drift!
}

async function messagesOf(tenant: TenantId, migrations?: MigrationCatalogue): Promise<string[]> {
  return (await driftOf(tenant, migrations)).findings.map(({ message }) => message)
}

/** Every message is matched by one pattern, and every pattern by one message. */
function expectExactly(messages: readonly string[], patterns: readonly (string | RegExp)[]): void {
  const expected = patterns.map((pattern) =>
    typeof pattern === 'string' ? pattern : (expect.stringMatching(pattern) as string),
  )
  expect([...messages]).toHaveLength(expected.length)
  expect([...messages]).toEqual(expect.arrayContaining(expected))
}

test('tenants as their migrations made them have no drift, and equal fingerprints when they have equal modules', async () => {
  const [other, small] = [
    await newTenant(database.admin, { modules: ['usage'] }),
    await newTenant(database.admin),
  ]
  const drift = await detectDrift(database.admin, catalogue, { only: [bystander, other, small] })
  expect(drift.flatMap(({ findings }) => findings)).toEqual([])
  const fingerprints = new Map(drift.map(({ tenant, fingerprint }) => [tenant, fingerprint]))
  expect(fingerprints.get(other)).toBe(fingerprints.get(bystander))
  expect(fingerprints.get(small)).not.toBe(fingerprints.get(bystander))
  const { rows } = await database.admin.query(
    `select catalogue_fingerprint as fingerprint, fingerprint_checked_at is not null as checked
     from public.tenant_schemas where schema_name = $1`,
    [schemaOf(small)],
  )
  expect(rows).toEqual([{ fingerprint: fingerprints.get(small), checked: true }])
})

test('all damage at once is told in its own words, nothing else is, and all of it is repaired', async () => {
  const tenant = await newTenant(database.admin)
  await database.admin.query(damageSql(tenant, damages))
  const drift = await detectDrift(database.admin, catalogue, { only: [tenant, bystander] })
  const found = new Map(drift.map(({ tenant: id, findings }) => [id, findings]))
  expectExactly(
    found.get(tenant)!.map(({ message }) => message),
    damageMessages(tenant, damages),
  )
  expect(found.get(bystander)).toEqual([])

  const outcome = await repairTenant(database.admin, tenant, found.get(tenant)!, { dropExtra: true })
  expect(outcome.left).toEqual([])
  expect(await messagesOf(tenant)).toEqual([])
  const { rows } = await database.admin.query(
    `select details->'statements' as statements from public.platform_audit_logs
     where event_type = 'tenant.repaired' and target_id = $1`,
    [tenant],
  )
  expect(rows).toEqual([{ statements: outcome.statements }])
})

test('any damage is told exactly, and a repair leaves none', { timeout: 120_000 }, async () => {
  const tenant = await newTenant(database.admin)
  await fc.assert(
    fc.asyncProperty(fc.subarray([...damages], { minLength: 1, maxLength: 4 }), async (chosen) => {
      await database.admin.query(damageSql(tenant, chosen))
      const { findings } = await driftOf(tenant)
      expectExactly(
        findings.map(({ message }) => message),
        damageMessages(tenant, chosen),
      )
      await repairTenant(database.admin, tenant, findings, { dropExtra: true })
      expect(await messagesOf(tenant)).toEqual([])
    }),
    { numRuns: 8 },
  )
})

test('partitions by date are not drift, and neither is a column made again', async () => {
  const tenant = await newTenant(database.admin)
  const schema = schemaOf(tenant)
  await database.admin.query(
    `set role orgscope_owner;
     create table ${schema}.audit_logs_2031_01 partition of ${schema}.audit_logs
       for values from ('2031-01-01') to ('2031-02-01');
     reset role`,
  )
  expect(await messagesOf(tenant)).toEqual([])
  const before = (await driftOf(tenant)).fingerprint
  await database.admin.query(
    `alter table ${schema}.users drop column phone_number; alter table ${schema}.users add column phone_number text`,
  )
  const after = await driftOf(tenant)
  expect(after.findings).toEqual([])
  expect(after.fingerprint).not.toBe(before)
})

test('what holds data is left and named, until it is meant to be dropped', async () => {
  const tenant = await newTenant(database.admin)
  const schema = schemaOf(tenant)
  await database.admin.query(
    `create table ${schema}.notes (body text); insert into ${schema}.notes values ('keep me');
     alter table ${schema}.teams add column page_url text;
     insert into ${schema}.teams (name, page_url) values ('Engines', 'https://wiki.example')`,
  )
  const { findings } = await driftOf(tenant)
  const careful = await repairTenant(database.admin, tenant, findings)
  expect(careful.statements).toEqual([])
  expect(careful.left).toEqual([
    { message: 'extra table notes', reason: 'it has rows; --drop-extra drops it all the same' },
    {
      message: 'extra column teams.page_url (text)',
      reason: 'it holds values; --drop-extra drops it all the same',
    },
  ])
  expect((await database.admin.query(`select body from ${schema}.notes`)).rows).toEqual([{ body: 'keep me' }])
  await repairTenant(database.admin, tenant, findings, { dropExtra: true })
  expect(await messagesOf(tenant)).toEqual([])
})

test('what rows refuse is left with Postgres’ reason, and the rest is repaired', async () => {
  const tenant = await newTenant(database.admin)
  const schema = schemaOf(tenant)
  await database.admin.query(
    `alter table ${schema}.teams drop constraint teams_name_check;
     alter table ${schema}.teams alter column name drop not null;
     alter table ${schema}.roles alter column role_level type text using 'high';
     drop index ${schema}.users_department_idx;
     insert into ${schema}.teams (name) values (''), (null)`,
  )
  const outcome = await repairTenant(database.admin, tenant, (await driftOf(tenant)).findings)
  expect(outcome.left).toEqual([
    {
      message: 'column roles.role_level differs: type text instead of integer',
      reason: 'invalid input syntax for type integer: "high"',
    },
    { message: 'column teams.name differs: null instead of not null', reason: 'some rows have no value' },
    {
      message: 'CHECK teams_name_check on teams is missing',
      reason: expect.stringMatching(/check constraint "teams_name_check" .*violated by some row/) as string,
    },
  ])
  expectExactly(
    await messagesOf(tenant),
    outcome.left.map(({ message }) => message),
  )
})

test('ledger and files that disagree are told, and left', async () => {
  const tenant = await newTenant(database.admin, { modules: ['usage'] })
  const ledger = (sql: string): Promise<unknown> =>
    database.admin.query(
      `${sql} where schema_name = '${schemaOf(tenant)}' and module = 'usage' and version = 9`,
    )
  await ledger(`update public.schema_migrations set checksum = 'another'`)
  expect(await messagesOf(tenant)).toEqual([
    'usage 0009_cost_allocations was applied with other contents than ' +
      'migrations/tenant/usage/0009_cost_allocations.up.sql has now',
  ])
  await ledger('delete from public.schema_migrations')
  expect(await messagesOf(tenant)).toEqual(
    expect.arrayContaining([
      'usage is recorded at version 9, the ledger is at 8',
      'table cost_allocations is there, but the ledger has no usage 0009_cost_allocations',
    ]),
  )
  expect(
    (await repairTenant(database.admin, tenant, (await driftOf(tenant)).findings, { dropExtra: true }))
      .statements,
  ).toEqual([expect.stringMatching(/^update public\.tenant_schemas/)])
})

test('a schema with steps of a newer program is told and not compared', async () => {
  const newer = withMigration(catalogue, {
    module: 'core',
    name: 'newer',
    up: 'create table newer (id uuid not null);',
    down: 'drop table newer;',
  })
  const tenant = await newTenant(database.admin, { migrations: newer })
  expect(await messagesOf(tenant)).toEqual([
    expect.stringMatching(
      /^the ledger has core \d+, which this version does not know; the schema was not compared$/,
    ),
  ])
  expect(await messagesOf(tenant, newer)).toEqual([])
})

test('a step outside of a transaction is part of what is compared', async () => {
  const concurrent = withMigration(catalogue, {
    module: 'core',
    name: 'locale_index',
    up: '-- orgscope: no-transaction\ncreate index concurrently if not exists users_locale_idx on users (locale);',
  })
  const tenant = await newTenant(database.admin, { migrations: concurrent })
  expect(await messagesOf(tenant, concurrent)).toEqual([])
  await database.admin.query(`drop index ${schemaOf(tenant)}.users_locale_idx`)
  expect(await messagesOf(tenant, concurrent)).toEqual(['index users_locale_idx on users is missing'])
})

test('a schema or a role that is gone is told; the role comes back with all it may', async () => {
  const tenant = await newTenant(database.admin)
  const schema = schemaOf(tenant)
  await database.admin.query(`drop owned by ${schema}; drop role ${schema}`)
  const { findings } = await driftOf(tenant)
  expect(findings[0]?.message).toBe(`role ${schema} is missing`)
  await repairTenant(database.admin, tenant, findings)
  expect(await messagesOf(tenant)).toEqual([])
  await database.admin.query(`drop schema ${schema} cascade`)
  expect(await messagesOf(tenant)).toEqual([`schema ${schema} is missing`])
})

test('rows that name a tool that is not there are counted when asked for', async () => {
  const tenant = await newTenant(database.admin, { modules: ['usage'] })
  const [known] = (await database.admin.query<{ id: string }>('select id from public.tool_catalog limit 1'))
    .rows
  await database.admin.query(
    `insert into ${schemaOf(tenant)}.tool_policies (tool_id)
     values ('00000000-0000-7000-8000-000000000001'), ('00000000-0000-7000-8000-000000000002'), ('${known!.id}')`,
  )
  expect(await messagesOf(tenant)).toEqual([])
  const [drift] = await detectDrift(database.admin, catalogue, { only: [tenant], references: true })
  expect(drift!.findings).toEqual([
    expect.objectContaining({
      about: 'references',
      message: `2 rows of tool_policies name a tool_id that neither public.tool_catalog nor ${schemaOf(tenant)}.in_house_tools has`,
    }),
  ])
})

test('a tool of the organization itself is there as well', async () => {
  const tenant = await newTenant(database.admin, { modules: ['usage'] })
  const schema = schemaOf(tenant)
  const own = '00000000-0000-7000-8000-000000000003'
  await database.admin.query(
    `insert into ${schema}.in_house_tools (id, name) values ('${own}', 'Ours');
     insert into ${schema}.usage_events (tool_id) values ('${own}')`,
  )
  const check = async (): Promise<string[]> => {
    const [drift] = await detectDrift(database.admin, catalogue, { only: [tenant], references: true })
    return drift!.findings.map(({ message }) => message)
  }
  expect(await check()).toEqual([])
  await database.admin.query(`delete from ${schema}.in_house_tools`)
  expect(await check()).toEqual([
    `1 row of usage_events names a tool_id that neither public.tool_catalog nor ${schema}.in_house_tools has`,
  ])
})

test('spare schemas are not looked at, and a tenant made from one is like any other', async () => {
  try {
    const { made } = await fillSpares(database.admin, catalogue, { count: 2, sets: [['usage']] })
    const used: string[] = []
    const onSpare = (spare: string): void => void used.push(spare)
    const tenant = await newTenant(database.admin, { modules: ['usage'], migrations: catalogue, onSpare })
    expect(used).toEqual([made[0]])
    // Worse than drift: not even its tables are there.
    await database.admin.query(`drop schema "${made[1]}" cascade`)
    const drift = await detectDrift(database.admin, catalogue)
    const fleet = await database.admin.query<{ tenants: number }>(
      `select count(*)::integer as tenants from public.tenant_schemas where state in ('active', 'suspended')`,
    )
    expect(drift).toHaveLength(fleet.rows[0]!.tenants)
    const of = (id: TenantId) => drift.find((one) => one.tenant === id)!
    expect(of(tenant)).toEqual({ tenant, fingerprint: of(bystander).fingerprint, findings: [] })
  } finally {
    await dropSpares(database.admin, catalogue)
  }
})

test('two connections are enough, one is refused', async () => {
  const check = (connections: number): Promise<TenantDrift[]> =>
    detectDrift(database.pool(database.adminUrl, connections), catalogue, {
      only: [bystander],
      references: true,
    })
  expect((await check(2))[0]!.findings).toEqual([])
  await expect(check(1)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
})

test('a repair that cannot have a lock changes nothing', async () => {
  const tenant = await newTenant(database.admin)
  const schema = schemaOf(tenant)
  await database.admin.query(damageSql(tenant, damages.slice(0, 2)))
  const { findings } = await driftOf(tenant)
  const holder = await database.admin.connect()
  await holder.query(
    `begin; select from ${schema}.users; lock table ${schema}.users in access exclusive mode`,
  )
  await expect(
    repairTenant(database.admin, tenant, findings, { lockTimeout: 20, attempts: 2 }),
  ).rejects.toMatchObject({ code: '55P03' })
  await holder.query('rollback')
  holder.release()
  expect(await messagesOf(tenant)).toHaveLength(2)
})

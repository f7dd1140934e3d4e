import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { loadMigrations, type MigrationCatalogue } from '../../src/fleet/migration-files.js'
import { migrateUp } from '../../src/fleet/migrate-up.js'
import { provisionTenant } from '../../src/tenancy/provisioner.js'
import { backoff, SpareFiller } from '../../src/tenancy/spares/spare-filler.js'
import { isSpareName, newSpareName, type SpareName } from '../../src/tenancy/spares/spare-name.js'
import { dropSpares, fillSpares } from '../../src/tenancy/spares/spare-pool.js'
import { listSpares } from '../../src/tenancy/spares/spare-schemas.js'
import { isTenantId, roleOf, schemaOf, type TenantId } from '../../src/tenancy/tenant-id.js'
import { deleteTenant } from '../../src/tenancy/tenant-deletion.js'
import { showTenant } from '../../src/tenancy/tenant-record.js'
import { requestTenant } from '../../src/tenancy/tenant-request.js'
import { fingerprint, withMigration } from '../support/catalogue.js'
import { compileProgram, type CompiledProgram } from '../support/compiled-program.js'
import { freshDatabase, uniqueTenant, type TestDatabase } from '../support/database.js'

let database: TestDatabase
let migrations: MigrationCatalogue
beforeAll(async () => {
  database = await freshDatabase()
  migrations = await loadMigrations()
})
afterAll(() => database?.drop())
afterEach(() => dropSpares(database.admin, migrations))

const sets = [['usage']]

/** A version with one migration more. */
const later = (): MigrationCatalogue =>
  withMigration(migrations, {
    module: 'usage',
    name: 'later',
    up: 'create table later (id uuid);\ngrant select on later to :tenant_role;',
  })

async function requested(modules: readonly string[] = ['usage']): Promise<TenantId> {
  const tenant = uniqueTenant()
  const adminEmail = `owner@${tenant}.example`
  await requestTenant(database.admin, { tenant, name: `Organization ${tenant}`, modules, adminEmail })
  return tenant
}

/** Makes a tenant and says which spare became it. */
async function provision(
  tenant: TenantId,
  catalogue: MigrationCatalogue = migrations,
): Promise<SpareName | undefined> {
  let used: SpareName | undefined
  const onSpare = (spare: SpareName): void => void (used = spare)
  await provisionTenant(database.admin, tenant, { migrations: catalogue, onSpare })
  return used
}

async function one<Row extends object>(sql: string, values: unknown[] = []): Promise<Row> {
  return (await database.admin.query<Row>(sql, values)).rows[0]!
}

/** Schemas, roles and ledger entries of spares that no row of the pool stands for. */
async function orphans(): Promise<unknown> {
  const { rows } = await database.admin.query(
    `select name from (
       select nspname::text as name from pg_namespace union select schema_name from public.schema_migrations
     ) found
     where name like 'spare\\_%' and name not in (select schema_name from public.spare_schemas)`,
  )
  return rows
}

/** Everything provisioning leaves behind, with names taken out: the catalogue, the role and what is in the tables. */
async function everythingOf(tenant: TenantId): Promise<unknown> {
  const schema = schemaOf(tenant)
  const record = await showTenant(database.admin, tenant)
  const { state, modules, schemaVersions, completedSteps, lastError, leaseOwner } = record
  const roles = await database.admin.query(
    `select rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolbypassrls,
       array(select g.rolname::text || m.admin_option from pg_auth_members m join pg_roles g on g.oid = m.roleid
         where m.member = r.oid order by 1) as belongs_to,
       array(select g.rolname::text || m.admin_option from pg_auth_members m join pg_roles g on g.oid = m.member
         where m.roleid = r.oid order by 1) as members
     from pg_roles r where rolname = $1`,
    [roleOf(tenant)],
  )
  const schemas = await database.admin.query(
    `select pg_get_userbyid(nspowner) as owner, array(select a::text from unnest(nspacl) a order by 1) as acl
     from pg_namespace where nspname = $1`,
    [schema],
  )
  const ledger = await database.admin.query(
    `select module, version, migration_name, checksum, status, applied_by from public.schema_migrations
     where schema_name = $1 order by module, version`,
    [schema],
  )
  const content = await database.admin.query(
    `select (select count(*)::integer from ${schema}.users) as users,
       (select array_agg(name order by name) from ${schema}.roles) as roles,
       (select count(*)::integer from ${schema}.role_permissions) as permissions,
       (select array_agg(code order by code) from ${schema}.cost_centers) as cost_centers`,
  )
  const lines = await fingerprint(database.admin, schema)
  return JSON.parse(
    JSON.stringify({
      record: { state, modules, schemaVersions, completedSteps, lastError, leaseOwner },
      lines,
      roles: roles.rows,
      schemas: schemas.rows,
      ledger: ledger.rows,
      content: content.rows,
    }).replaceAll(schema, 'org_x'),
  )
}

describe('a spare schema', () => {
  test('becomes a tenant that nothing tells from one made anew', async () => {
    const [cold, warm] = [await requested(), await requested()]
    expect(await provision(cold)).toBeUndefined()
    const { made } = await fillSpares(database.admin, migrations, { count: 1, sets })
    expect(await provision(warm)).toBe(made[0])
    expect(await everythingOf(warm)).toEqual(await everythingOf(cold))
    expect(await listSpares(database.admin, migrations)).toEqual([])
    expect(await orphans()).toEqual([])
    expect(await one(`select to_regrole($1) is null as gone`, [made[0]])).toEqual({ gone: true })
  })

  test('brings the versions a gateway has to know', async () => {
    const breaking = withMigration(migrations, {
      module: 'usage',
      name: 'breaking',
      up: '-- orgscope: breaking\ncreate table breaking (id uuid);',
    })
    const [cold, warm] = [await requested(), await requested()]
    expect(await provision(cold, breaking)).toBeUndefined()
    const { made } = await fillSpares(database.admin, breaking, { count: 1, sets })
    expect(await provision(warm, breaking)).toBe(made[0])
    const required = (tenant: TenantId): Promise<object> =>
      one('select required_versions from public.tenant_schemas where schema_name = $1', [schemaOf(tenant)])
    const { version } = breaking.modules.get('usage')!.migrations.at(-1)!
    expect(await required(warm)).toMatchObject({ required_versions: { usage: version } })
    expect(await required(warm)).toEqual(await required(cold))
    for (const tenant of [cold, warm]) await deleteTenant(database.admin, tenant, { immediately: true })
  })

  test('is handed out once, to whoever of several comes first; the others are made anew', async () => {
    await fillSpares(database.admin, migrations, { count: 2, sets })
    const tenants = await Promise.all([1, 2, 3].map(() => requested()))
    const used = await Promise.all(tenants.map((tenant) => provision(tenant)))
    const spares = used.filter((spare) => spare !== undefined)
    expect([spares.length, new Set(spares).size]).toEqual([2, 2])
    for (const tenant of tenants) {
      expect(await showTenant(database.admin, tenant)).toMatchObject({ state: 'active', modules: ['usage'] })
    }
  })

  test('of other modules, or of another version, is left where it is', async () => {
    await fillSpares(database.admin, migrations, { count: 1, sets })
    expect(await provision(await requested([]))).toBeUndefined()
    const newer = later()
    expect(await provision(await requested(), newer)).toBeUndefined()
    const changed: MigrationCatalogue = {
      ...migrations,
      modules: new Map(
        [...migrations.modules].map(([name, stream]) => [
          name,
          { ...stream, migrations: stream.migrations.map((one) => ({ ...one, checksum: 'changed' })) },
        ]),
      ),
    }
    const other = await requested()
    expect(await provision(other, changed)).toBeUndefined()
    // What it says of the files would stop every later run.
    await deleteTenant(database.admin, other, { immediately: true })
    expect(await listSpares(database.admin, migrations)).toMatchObject([{ status: 'ready', isCurrent: true }])
  })

  test('with default rows of other templates is left where it is, and goes with the next run', async () => {
    await fillSpares(database.admin, migrations, { count: 1, sets })
    const describe = (text: string) =>
      database.admin.query(`update public.default_roles set description = $1 where name = 'viewer'`, [text])
    await describe('Reads what is new.')
    const tenant = await requested()
    expect(await provision(tenant)).toBeUndefined()
    const [role] = (
      await database.admin.query(`select description from ${schemaOf(tenant)}.roles where name = 'viewer'`)
    ).rows
    expect(role).toEqual({ description: 'Reads what is new.' })
    await migrateUp(database.admin, migrations)
    expect(await listSpares(database.admin, migrations)).toEqual([])
    await describe('Reads.')
  })

  test('that is broken is marked and costs nobody a tenant', async () => {
    const { made } = await fillSpares(database.admin, migrations, { count: 1, sets })
    await database.admin.query(`drop schema ${made[0]} cascade`)
    const tenant = await requested()
    expect(await provision(tenant)).toBe(made[0])
    expect(await showTenant(database.admin, tenant)).toMatchObject({ state: 'active' })
    expect(await listSpares(database.admin, migrations)).toMatchObject([
      { status: 'failed', lastError: expect.stringContaining('does not exist') as string },
    ])
    expect(await provision(await requested())).toBeUndefined()
    expect(await fillSpares(database.admin, migrations, { count: 1, sets })).toMatchObject({
      dropped: made,
      made: [expect.any(String)],
    })
  })

  test('gives way where the role exists already, and stays for the next', async () => {
    const { made } = await fillSpares(database.admin, migrations, { count: 1, sets })
    const tenant = await requested()
    await database.admin.query(
      `begin; set local role orgscope_owner; create role ${roleOf(tenant)} nologin; commit`,
    )
    await provision(tenant)
    expect(await showTenant(database.admin, tenant)).toMatchObject({ state: 'active' })
    expect(await provision(await requested())).toBe(made[0])
  })

  test('has a name no tenant can have', () => {
    const name = newSpareName()
    expect(isSpareName(name)).toBe(true)
    for (const other of ['spare_', 'spare_x', 'spare_0123456789abcdef"; drop schema public', 'org_acme']) {
      expect(isSpareName(other)).toBe(false)
    }
    expect(isTenantId(name)).toBe(true)
    expect(schemaOf(name as unknown as TenantId)).not.toBe(name)
  })
})

describe('the pool', () => {
  test('is migrated with the fleet', async () => {
    const { made } = await fillSpares(database.admin, migrations, { count: 1, sets })
    const newer = later()
    await migrateUp(database.admin, newer)
    expect(await listSpares(database.admin, newer)).toMatchObject([{ name: made[0], isCurrent: true }])
    const tenant = await requested()
    expect(await provision(tenant, newer)).toBe(made[0])
    expect((await showTenant(database.admin, tenant)).schemaVersions['usage']).toBe(
      newer.modules.get('usage')!.migrations.length,
    )
    expect(
      await one(`select has_table_privilege($1, $2, 'select') as granted`, [
        roleOf(tenant),
        `${schemaOf(tenant)}.later`,
      ]),
    ).toEqual({ granted: true })
    await migrateUp(database.admin, migrations)
  })

  test('loses what cannot be migrated, and the run is none the worse', async () => {
    await fillSpares(database.admin, migrations, { count: 1, sets: [[]] })
    const broken = withMigration(migrations, {
      module: 'core',
      name: 'broken',
      up: `do $$ begin if current_schema() like 'spare%' then raise 'no'; end if; end $$;`,
      down: 'select 1;',
    })
    const { failures } = await migrateUp(database.admin, broken)
    expect(failures).toEqual([])
    expect(await listSpares(database.admin, broken)).toEqual([])
    await database.admin.query(`delete from public.schema_migrations where migration_name like '%\\_broken'`)
  })

  test('keeps what new tenants have, and drops what is behind', async () => {
    await provision(await requested())
    await fillSpares(database.admin, migrations, { count: 1 })
    const spares = await listSpares(database.admin, migrations)
    expect(spares.map(({ modules }) => modules)).toContainEqual(['usage'])
    const newer = later()
    const { made, dropped } = await fillSpares(database.admin, newer, { count: 1, sets })
    expect(dropped).toContain(spares.find(({ modules }) => modules.includes('usage'))!.name)
    expect(made).toHaveLength(1)
    // A set nobody asked for goes a day after it was made.
    await database.admin.query(`update public.spare_schemas set created_at = now() - interval '2 days'`)
    const { dropped: unused } = await fillSpares(database.admin, newer, { count: 1, sets: [] })
    expect(unused).toEqual(expect.arrayContaining([...made]))
  })

  test('is filled by one process at a time, and stops when it is told to', async () => {
    const outcomes = await Promise.all(
      [1, 2].map(() => fillSpares(database.admin, migrations, { count: 1, sets })),
    )
    expect(outcomes.map(({ ended }) => ended).sort()).toEqual(['elsewhere', 'full'])
    let asked = 0
    const { made, ended } = await fillSpares(database.admin, migrations, {
      count: 4,
      sets,
      shouldStop: () => ++asked > 1,
    })
    expect([made.length, ended]).toEqual([1, 'stopped'])
  })

  test('is filled in the background, and waits longer after each setback', async () => {
    await provision(await requested())
    const errors: unknown[] = []
    const filler = new SpareFiller(database.admin, migrations, {
      count: 1,
      onError: (error) => errors.push(error),
    })
    filler.start()
    const stock = async () => (await listSpares(database.admin, migrations)).length
    await expect.poll(stock, { timeout: 10_000 }).toBeGreaterThan(0)
    await filler.stop()
    expect(errors).toEqual([])
    expect([1, 2, 3, 20].map(backoff)).toEqual([1_000, 2_000, 4_000, 300_000])
  })
})

describe('a process that is killed', () => {
  let program: CompiledProgram
  beforeAll(() => {
    program = compileProgram('test/tenancy/support/hand-out-program.ts')
  })
  afterAll(() => program?.remove())

  /** Starts it, waits for a line and a while, and kills it. */
  async function kill(args: readonly string[], line: string, delay: number): Promise<void> {
    const child = program.start(database.adminUrl, ...args)
    for await (const said of createInterface({ input: child.stdout! })) if (said === line) break
    await sleep(delay)
    child.kill('SIGKILL')
    await once(child, 'exit')
    // The server ends what it was doing a moment after the process.
    const sessions = () =>
      one(
        `select count(*)::integer as count from pg_stat_activity
         where application_name like 'hand out%' and datname = current_database()`,
      )
    await expect.poll(sessions, { timeout: 10_000 }).toEqual({ count: 0 })
  }

  async function isSpareOrTenant(tenant: TenantId): Promise<void> {
    expect(await orphans()).toEqual([])
    const schema = await one<{ found: boolean }>('select to_regnamespace($1) is not null as found', [
      schemaOf(tenant),
    ])
    const { completedSteps } = await showTenant(database.admin, tenant)
    expect(completedSteps.includes('schema')).toBe(schema.found)
    const spares = await listSpares(database.admin, migrations)
    expect(spares.filter(({ status, isCurrent }) => status !== 'ready' || !isCurrent)).toEqual([])
    for (const { name } of spares) {
      expect(await one('select to_regnamespace($1) is not null as found', [name])).toEqual({ found: true })
    }
  }

  test.each([
    ['while it holds the spare', 'spare', 'spare', 0],
    ['as it renames the spare', 'spare', undefined, 0],
    ['a little later', 'spare', undefined, 8],
    ['after the rename', 'remainder', 'remainder', 0],
  ])('%s leaves a spare or a tenant, and the next run finishes it', async (_, line, point, delay) => {
    await fillSpares(database.admin, migrations, { count: 1, sets })
    const tenant = await requested()
    await kill(['provision', tenant, ...(point === undefined ? [] : [point])], line, delay)
    await isSpareOrTenant(tenant)
    await provisionTenant(database.admin, tenant, { wait: 10_000 })
    const { state, modules } = await showTenant(database.admin, tenant)
    expect([state, modules]).toEqual(['active', ['usage']])
    expect(await orphans()).toEqual([])
  })

  test('while it fills the pool leaves whole spares', async () => {
    for (const delay of [0, 15, 40]) {
      await kill(['fill', '20'], 'made', delay)
      const tenant = await requested()
      await isSpareOrTenant(tenant)
      expect(await provision(tenant)).toBeDefined()
      await dropSpares(database.admin, migrations)
    }
  })
})

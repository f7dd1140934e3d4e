import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startEmbeddedServer, type EmbeddedServer } from '../../src/database/embedded/embedded-server.js'
import { createPool } from '../../src/database/pool.js'
import { prepareCluster } from '../../src/database/prepare-cluster.js'
import { scramVerifier, verifierMatches } from '../../src/database/scram-verifier.js'
import { migrateUp } from '../../src/fleet/migrate-up.js'
import { loadMigrations } from '../../src/fleet/migration-files.js'
import { deleteTenant } from '../../src/tenancy/tenant-deletion.js'
import { roleOf, schemaOf, type TenantId } from '../../src/tenancy/tenant-id.js'
import { databaseUrl, freshDatabase, gatewayUrlOf, type TestDatabase } from '../support/database.js'
import { newTenant } from '../support/new-tenant.js'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database?.drop())

/** What of the catalogue preparing may change, in this database. */
async function privileges(admin: pg.Pool) {
  const { rows } = await admin.query(
    `select (select datacl::text from pg_database where datname = current_database()) as database,
       (select nspacl::text from pg_namespace where nspname = 'public') as schema,
       (select proacl::text from pg_proc where proname = 'set_config') as set_config,
       (select array_agg(format('%s %s %s %s %s', rolname, rolcanlogin, rolinherit, rolcreaterole, rolsuper) order by rolname)
        from pg_roles where rolname like 'orgscope%') as roles,
       (select array_agg(format('%s in %s', member::regrole, roleid::regrole) order by 1) from pg_auth_members
        where member::regrole::text like 'orgscope%' and roleid::regrole::text like 'orgscope%') as members`,
  )
  return rows[0]
}

describe('preparing', () => {
  test('makes the roles with the attributes they need and no more', async () => {
    const { rows } = await database.admin.query(
      `select rolname::text as name, rolcanlogin as login, rolinherit as inherits, rolcreaterole as creates_roles,
         rolsuper or rolbypassrls or rolcreatedb or rolreplication as powerful
       from pg_roles where rolname like 'orgscope%' order by rolname`,
    )
    expect(rows).toEqual([
      { name: 'orgscope_account', login: false, inherits: true, creates_roles: false, powerful: false },
      { name: 'orgscope_gateway', login: true, inherits: false, creates_roles: false, powerful: false },
      { name: 'orgscope_owner', login: false, inherits: true, creates_roles: true, powerful: false },
      { name: 'orgscope_platform', login: false, inherits: true, creates_roles: false, powerful: false },
      { name: 'orgscope_tenant', login: false, inherits: true, creates_roles: false, powerful: false },
    ])
  })

  test('twice changes nothing and warns of nothing', async () => {
    const before = await privileges(database.admin)
    const { warnings } = await prepareCluster({ admin: database.admin, gatewayUrl: database.gatewayUrl })
    expect(warnings).toEqual([])
    expect(await privileges(database.admin)).toEqual(before)
  })

  test('works when many processes do it at once, in one database and in several', async () => {
    const databases = [await freshDatabase({ from: null }), await freshDatabase({ from: null })]
    try {
      const runs = [...databases, ...databases, ...databases, database].map(({ admin, gatewayUrl }) =>
        prepareCluster({ admin, gatewayUrl }),
      )
      for (const { warnings } of await Promise.all(runs)) expect(warnings).toEqual([])
      expect(await privileges(databases[0]!.admin)).toMatchObject({
        set_config: expect.not.stringContaining('{='),
      })
    } finally {
      for (const each of databases) await each.drop()
    }
  })

  test('repairs what somebody opened', async () => {
    const opened = await freshDatabase()
    try {
      await opened.admin.query(
        `grant execute on function pg_catalog.set_config(text, text, boolean) to public;
         grant create on schema public to public`,
      )
      expect((await prepareCluster({ admin: opened.admin })).warnings).toEqual([])
      const { rows } = await opened.admin.query(
        `select has_function_privilege('public', 'pg_catalog.set_config(text, text, boolean)', 'execute') as sets,
           has_schema_privilege('public', 'public', 'create') as creates`,
      )
      expect(rows).toEqual([{ sets: false, creates: false }])
    } finally {
      await opened.drop()
    }
  })

  test('lets the gateway log in with the password of its URL, and with no other', async () => {
    const { rows } = await database.pool(database.gatewayUrl, 1).query('select current_user::text as name')
    expect(rows).toEqual([{ name: 'orgscope_gateway' }])
    const { rows: stored } = await database.admin.query<{ verifier: string }>(
      `select rolpassword as verifier from pg_authid where rolname = 'orgscope_gateway'`,
    )
    expect(verifierMatches(stored[0]!.verifier, new URL(database.gatewayUrl).password)).toBe(true)
    expect(verifierMatches(stored[0]!.verifier, 'another')).toBe(false)
  })

  test('gives the gateway UTC and ISO dates, whatever the database is set to', async () => {
    const name = new URL(database.adminUrl).pathname.slice(1)
    await database.admin.query(`alter database ${name} set timezone = 'Asia/Tokyo'`)
    await database.admin.query(`alter database ${name} set datestyle = 'SQL, DMY'`)
    const { rows } = await database
      .pool(database.gatewayUrl, 1)
      .query<{ moment: string }>(`select '2026-01-31 08:15:00.123456+00'::timestamptz as moment`)
    expect(rows).toEqual([{ moment: '2026-01-31T08:15:00.123456Z' }])
  })

  test('refuses a gateway URL that logs in as somebody else', async () => {
    await expect(
      prepareCluster({ admin: database.admin, gatewayUrl: 'postgres://postgres:x@127.0.0.1/db' }),
    ).rejects.toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringContaining('orgscope_gateway') })
  })

  test('says what is missing when the admin may not grant it', async () => {
    const name = `stranger_${randomBytes(4).toString('hex')}`
    const foreign = await freshDatabase({ from: null })
    try {
      await foreign.admin.query(`create role ${name} login createrole password 'stranger'`)
      await foreign.admin.query(
        `grant orgscope_owner, orgscope_gateway, orgscope_tenant to ${name} with admin option`,
      )
      const url = new URL(foreign.adminUrl)
      url.username = name
      url.password = 'stranger'
      await expect(prepareCluster({ admin: foreign.pool(url.href, 1) })).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringMatching(
          /orgscope_owner may not create schemas in database .*ADMIN_DATABASE_URL/,
        ),
      })
    } finally {
      await foreign.admin.query(`drop owned by ${name}; drop role ${name}`)
      await foreign.drop()
    }
  })
})

describe('a new cluster', () => {
  let server: EmbeddedServer
  let directory: string
  const pools: pg.Pool[] = []
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'orgscope-cluster-'))
    server = await startEmbeddedServer({ directory, settings: { fsync: 'off' } })
  })
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((each) => each.end()))
    await server?.stop()
    await rm(directory, { recursive: true, force: true })
    if (server !== undefined) await rm(server.dataDirectory, { recursive: true, force: true })
  })

  function pool(url: string): pg.Pool {
    const opened = createPool({ connectionString: url, max: 4, applicationName: 'new cluster' })
    pools.push(opened)
    return opened
  }

  test('gets its roles once, from many processes in several databases at once', async () => {
    const postgres = pool(server.adminUrl)
    const names = ['one', 'two', 'three']
    for (const name of names) await postgres.query(`create database ${name}`)
    const admins = [...names, ...names].map((name) => pool(databaseUrl(server.adminUrl, name)))
    await Promise.all(admins.map((admin) => admin.query('select 1')))
    const prepared = await Promise.all(
      admins.map((admin, index) =>
        prepareCluster({ admin, gatewayUrl: `postgres://orgscope_gateway:password-${index}@127.0.0.1/` }),
      ),
    )
    for (const { warnings } of prepared) expect(warnings).toEqual([])
    const { rows } = await postgres.query(
      `select count(*)::integer as roles from pg_roles where rolname like 'orgscope%'`,
    )
    expect(rows).toEqual([{ roles: 5 }])
  })

  test('does without a superuser, says what stays open, and tenants still come and go', async () => {
    const superuser = pool(server.adminUrl)
    await superuser.query(`create role manager login createrole password 'managed'`)
    await superuser.query('create database managed owner manager')
    const url = new URL(databaseUrl(server.adminUrl, 'managed'))
    url.username = 'manager'
    url.password = 'managed'
    const admin = pool(url.href)
    const gatewayUrl = gatewayUrlOf(url.href)

    for (let count = 0; count < 2; count += 1) {
      const { warnings } = await prepareCluster({ admin, gatewayUrl })
      expect(warnings).toEqual([expect.stringMatching(/set_config.*What remains: SQL injected/s)])
    }
    expect(await migrateUp(admin, await loadMigrations())).toMatchObject({ failures: [] })
    const tenant = await newTenant(admin, { modules: ['usage'] })
    const gateway = await pool(gatewayUrl).connect()
    await gateway.query(
      `begin; set local role ${roleOf(tenant)}; set local search_path = ${schemaOf(tenant)}, public`,
    )
    const { rows } = await gateway.query('select count(*)::integer as roles from roles')
    await gateway.query('rollback')
    gateway.release()
    expect(rows[0].roles).toBeGreaterThan(0)
    expect(await deleteTenant(admin, tenant, { immediately: true })).toMatchObject({
      dropped: true,
      roleKept: false,
    })
  })
})

describe('a tenant’s role', () => {
  let mine: TenantId
  let other: TenantId
  let gateway: pg.Pool
  beforeAll(async () => {
    mine = await newTenant(database.admin)
    other = await newTenant(database.admin)
    await database.admin.query(
      `insert into ${schemaOf(other)}.teams (name) values ('canary of the other tenant');
       insert into ${schemaOf(mine)}.teams (name) values ('mine')`,
    )
    gateway = database.pool(database.gatewayUrl, 1)
  })

  /** One statement of a tenant, sent the way an injected one would be: alone, in a transaction of the tenant. */
  async function asTenant(statement: string): Promise<pg.QueryResult> {
    const client = await gateway.connect()
    try {
      await client.query(
        `begin; select set_config('search_path', '${schemaOf(mine)}, public', true), set_config('role', '${roleOf(mine)}', true)`,
      )
      return await client.query({ text: statement, values: [], queryMode: 'extended' } as pg.QueryConfig)
    } finally {
      await client.query('rollback')
      client.release()
    }
  }

  test('reads its own tables', async () => {
    expect((await asTenant('select name from teams')).rows).toEqual([{ name: 'mine' }])
  })

  test.each([
    [
      'switching the role inside one statement',
      () =>
        `select set_config('role', '${roleOf(other)}', true), query_to_xml('select name from ${schemaOf(other)}.teams', true, false, '')`,
      /permission denied for function set_config/,
    ],
    [
      'switching the role inside a nested query',
      () => `select query_to_xml($$select set_config('role', '${roleOf(other)}', true)$$, true, false, ''),
               query_to_xml('select name from ${schemaOf(other)}.teams', true, false, '')`,
      /permission denied for function set_config/,
    ],
    [
      'switching the role by a SET inside a nested query',
      () => `select query_to_xml('set role ${roleOf(other)}', true, false, '')`,
      /SET is not allowed in a non-volatile function/,
    ],
    [
      'reading another tenant’s table',
      () => `select * from ${schemaOf(other)}.teams`,
      /permission denied for schema/,
    ],
    [
      'leaving a temporary table that hides a real one',
      () => `create temporary table teams as select 'planted'::text as name`,
      /permission denied to create temporary tables/,
    ],
    [
      'leaving a temporary view that hides a real table',
      () => `create temporary view teams as select 'planted'::text as name`,
      /permission denied to create temporary tables/,
    ],
    [
      'making a table in public',
      () => 'create table public.planted (id integer)',
      /permission denied for schema public/,
    ],
    [
      'making a table in its own schema',
      () => 'create table planted (id integer)',
      /permission denied for schema/,
    ],
    ['making a schema', () => 'create schema planted', /permission denied for database/],
    ['reading the ledger', () => 'select * from public.schema_migrations', /permission denied for table/],
    ['reading the tenants', () => 'select * from public.tenant_schemas', /permission denied for table/],
  ])('is refused %s', async (_, statement, reason) => {
    await expect(asTenant(statement())).rejects.toThrow(reason)
  })

  test('could switch by set_config if PUBLIC still had it: the hole is real', async () => {
    const open = await freshDatabase()
    try {
      const [left, right] = [await newTenant(open.admin), await newTenant(open.admin)]
      await open.admin.query(`insert into ${schemaOf(right)}.teams (name) values ('canary')`)
      await open.admin.query('grant execute on function pg_catalog.set_config(text, text, boolean) to public')
      const client = await open.pool(open.gatewayUrl, 1).connect()
      await client.query(`begin; select set_config('role', '${roleOf(left)}', true)`)
      const { rows } = await client.query(
        `select set_config('role', '${roleOf(right)}', true),
           query_to_xml('select name from ${schemaOf(right)}.teams', true, false, '')::text as stolen`,
      )
      await client.query('rollback')
      client.release()
      expect(rows[0].stolen).toContain('canary')
    } finally {
      await open.drop()
    }
  })
})

test('a verifier is the one Postgres makes', async () => {
  const role = `scram_${randomBytes(4).toString('hex')}`
  await database.admin.query(
    `set password_encryption = 'scram-sha-256'; create role ${role} password 'pencil'`,
  )
  const { rows } = await database.admin.query<{ verifier: string }>(
    'select rolpassword as verifier from pg_authid where rolname = $1',
    [role],
  )
  await database.admin.query(`drop role ${role}`)
  expect(verifierMatches(rows[0]!.verifier, 'pencil')).toBe(true)
  expect(verifierMatches(rows[0]!.verifier, 'pencils')).toBe(false)
  expect(verifierMatches(scramVerifier('pencil'), 'pencil')).toBe(true)
  expect(verifierMatches(null, 'pencil')).toBe(false)
})

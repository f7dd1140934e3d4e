import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildTenantSchema } from '../../src/graphql/tenant-schema.js'
import { tenantScope, type SessionScope } from '../../src/tenancy/session-scope.js'
import { roleOf, schemaOf } from '../../src/tenancy/tenant-id.js'
import { TestGateway } from '../support/gateway.js'
import { DONE, intrude } from './support/intruder.js'
import { Mutation } from './support/mutator.js'
import { KEYS, settle, type Resident } from './support/population.js'
import { Walker } from './support/walker.js'

const DENIED = '42501'
const POOL = 2

let gateway: TestGateway
let mine: Resident
let theirs: Resident
let scope: SessionScope
/** The other tenant's schema and role. */
let schema: string
let role: string
beforeAll(async () => {
  gateway = await TestGateway.start({ poolSize: POOL })
  ;[mine, theirs] = (await settle(gateway, KEYS.slice(0, 2))) as unknown as [Resident, Resident]
  scope = tenantScope(mine.canary.tenant, mine.canary.organizationId)
  schema = schemaOf(theirs.canary.tenant)
  role = roleOf(theirs.canary.tenant)
}, 120_000)
afterAll(() => gateway?.close())

const READ_ONLY = '25006'

/** Expects each statement to be refused with the code, in a reading and in a writing session. */
async function expectRefused(statements: readonly string[], ...codes: readonly string[]): Promise<void> {
  for (const writing of [false, true]) {
    // Where nothing may be written anyway, that may be said first.
    const expected = writing ? codes : [...codes, READ_ONLY]
    const outcomes = await intrude(gateway.pool, scope, statements, { writing })
    const others = outcomes.flatMap(({ code, message }, index) =>
      expected.includes(code) ? [] : [{ statement: statements[index], writing, code, message }],
    )
    expect(others).toEqual([])
  }
}

describe('what a client sends', () => {
  test('never becomes part of a statement', async () => {
    const probe = `pr${randomBytes(4).toString('hex')}`
    const text = `${probe}'"; set role ${role}; --\\`
    const graphql = buildTenantSchema()
    const walker = new Walker(graphql, mine.ask('owner'))
    await walker.read()
    gateway.statements.length = 0
    await walker.arrange()
    await walker.filter((type) => walker.idsOf(type)[0] ?? '', text)
    await walker.read()
    for (const field of Object.values(graphql.getMutationType()?.getFields() ?? {})) {
      const mutation = await Mutation.explore(
        graphql,
        field,
        mine.ask('owner'),
        (type) => walker.idsOf(type)[0],
      )
      const ids = (mutation?.places ?? []).map(
        ({ path, type }) => [path, walker.idsOf(type)[0] ?? ''] as const,
      )
      await mutation?.run(mine.ask('owner'), Object.fromEntries(ids), text)
    }
    expect(gateway.statements.length).toBeGreaterThan(500)
    const told = [probe, mine.canary.tenant, mine.canary.tag, 'probe ']
    expect(gateway.statements.filter((sql) => told.some((word) => sql.includes(word)))).toEqual([])
  })

  test('is not believed to be a time zone because it begins like one', async () => {
    for (const zone of [`UTC'`, `Europe/Berlin'); select 1; --`, 'UTC\\', `UTC', now())--`]) {
      const reply = await mine.ask('owner')(
        `{ usageEventsAggregate(groupBy: [{ field: OCCURRED_AT, bucket: DAY, timeZone: ${JSON.stringify(zone)} }]) { count } }`,
      )
      expect(reply.errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT'])
    }
  })
})

describe('SQL smuggled into a tenant’s statement', () => {
  test('reads no table of another tenant, by whatever function', async () => {
    await expectRefused(
      [
        `select * from ${schema}.users`,
        `select id from users union all select id from ${schema}.users`,
        `select (select count(*) from ${schema}.usage_events)`,
        `select query_to_xml('select * from ${schema}.users', true, false, '')`,
        `select table_to_xml('${schema}.users', true, false, '')`,
        `select * from ts_stat('select to_tsvector(email) from ${schema}.users')`,
        `select * from ${schema}.users tablesample system (100)`,
        `explain analyze select * from ${schema}.users`,
        `copy ${schema}.users to stdout`,
        `table ${schema}.audit_logs`,
      ],
      DENIED,
    )
  })

  test('cannot become another tenant within the statement', async () => {
    await expectRefused(
      [
        `select set_config('role', '${role}', true)`,
        `select set_config('search_path', '${schema}', true)`,
        `select set_config('orgscope.organization_id', '${theirs.canary.organizationId}', true)`,
        `select pg_catalog.set_config('role', 'none', false), * from users`,
        `select query_to_xml('select set_config(''role'', ''${role}'', true)', true, false, '')`,
        `with moved as (select set_config('role', '${role}', true)) select * from moved, ${schema}.users`,
        `update pg_settings set setting = '${role}' where name = 'role'`,
        `select * from public.find_api_key('x')`,
      ],
      DENIED,
    )
  })

  test('runs no second statement, and no command inside a query', async () => {
    await expectRefused(
      [
        `select 1; set role ${role}`,
        `select 1; select * from ${schema}.users`,
        `select 1; reset role; select 2`,
      ],
      '42601',
    )
    await expectRefused(
      [
        `select query_to_xml('set role ${role}', true, false, '')`,
        `select query_to_xml('reset role', true, false, '')`,
        `select query_to_xml('set local orgscope.organization_id = ''x''', true, false, '')`,
      ],
      '0A000',
    )
  })

  test('leaves nothing that could stand in for a table later: no temporary and no other object', async () => {
    await expectRefused(
      [
        'create temporary table users (id uuid)',
        'create temporary view users as select 1',
        'create temporary sequence users',
        'select * into temporary users from teams',
        'create function pg_temp.users() returns integer language sql return 1',
        'create table users_too (id uuid)',
        'create view own as select 1',
        'create function own() returns integer language sql return 1',
        'create schema own',
        `create table public.users (id uuid)`,
        `create function public.uuid_v7() returns uuid language sql return null`,
        'create extension dblink',
        'create role somebody',
        'create publication everything for all tables',
        'create event trigger loud on ddl_command_start execute function public.own()',
        `alter role ${role} superuser`,
        `alter table users disable row level security`,
        'alter table public.api_keys no force row level security',
        'create policy open on public.api_keys using (true)',
        'create trigger loud after insert on users execute function suppress_redundant_updates_trigger()',
        'drop table users',
        'truncate users',
        'comment on table users is null',
      ],
      DENIED,
    )
  })

  test('runs nothing that refuses a transaction', async () => {
    await expectRefused(
      ['create database somewhere', 'vacuum users', `alter system set fsync = off`],
      '25001',
    )
  })

  test('does not reach the server’s files, programs and other servers', async () => {
    await expectRefused(
      [
        `select pg_read_file('/etc/passwd')`,
        `select pg_read_binary_file('PG_VERSION')`,
        `select pg_ls_dir('.')`,
        `select pg_ls_logdir()`,
        `select pg_stat_file('PG_VERSION')`,
        `select lo_import('/etc/passwd')`,
        `select lo_export(1, '/tmp/x')`,
        `copy users from '/etc/passwd'`,
        `copy users to '/tmp/users'`,
        `copy (select 1) to program 'id'`,
        `load 'auto_explain'`,
        `select current_setting('data_directory')`,
        `select * from pg_hba_file_rules`,
        `select * from pg_authid`,
        `select * from pg_statistic`,
        `select pg_reload_conf()`,
        `select * from pg_logical_slot_get_changes('x', null, null)`,
      ],
      DENIED,
    )
    await expectRefused([`select * from dblink('dbname=postgres', 'select 1') as t (a integer)`], '42883')
  })

  test('changes nothing of the trail, not even its own tenant’s', async () => {
    await expectRefused(
      ['update audit_logs set reason = null', 'delete from audit_logs', 'delete from change_tracking'],
      DENIED,
    )
  })

  test('hands its own tables to nobody', async () => {
    await intrude(gateway.pool, scope, [`grant select on users to ${role}`], { writing: true })
    const { rows } = await gateway.database.admin.query<{ may: boolean }>(
      `select has_table_privilege($1, $2, 'select') as may`,
      [role, `${schemaOf(mine.canary.tenant)}.users`],
    )
    expect(rows).toEqual([{ may: false }])
  })

  test('neither ends nor overhears another tenant’s statements', async () => {
    const secret = theirs.canary.marker
    const other = tenantScope(theirs.canary.tenant, theirs.canary.organizationId)
    const busy = intrude(gateway.pool, other, [`select '${secret}', pg_sleep(1.5)`])
    const overheard = await intrude(gateway.pool, scope, [
      `select pid from pg_stat_activity where usename = 'orgscope_gateway' and pid <> pg_backend_pid()`,
      'select * from pg_stat_activity',
      'select * from pg_stat_get_activity(null)',
      'select pg_stat_get_backend_activity(id) from pg_stat_get_backend_idset() id',
      'select * from pg_prepared_statements',
      'select * from pg_cursors',
    ])
    const pids = JSON.parse(overheard[0]?.rows ?? '[]') as { pid: number }[]
    expect(pids.length).toBeGreaterThan(0)
    for (const { rows } of overheard) expect(rows).not.toContain(secret)
    for (const { pid } of pids) {
      await expectRefused([`select pg_terminate_backend(${pid})`, `select pg_cancel_backend(${pid})`], DENIED)
    }
    expect(await busy).toMatchObject([{ code: DONE }])
  })
})

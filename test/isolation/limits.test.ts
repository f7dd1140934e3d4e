import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tenantScope, type SessionScope } from '../../src/tenancy/session-scope.js'
import { roleOf, schemaOf } from '../../src/tenancy/tenant-id.js'
import { TestGateway } from '../support/gateway.js'
import { crowd, faults } from './support/crowd.js'
import { DONE, intrude, type Outcome } from './support/intruder.js'
import { KEYS, settle, type Resident } from './support/population.js'
import { CLEAN, statesOf } from './support/pool-state.js'

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

async function writing(statement: string): Promise<Outcome> {
  const [outcome] = await intrude(gateway.pool, scope, [statement], { writing: true })
  if (outcome === undefined) throw new Error('nothing was sent')
  return outcome
}

describe('the catalogues of the database', () => {
  test('show no value of another tenant in any view or table that a tenant may read', async () => {
    // Statistics hold values of columns; they are there only once somebody has counted.
    await gateway.database.admin.query('analyze')
    const { rows } = await gateway.database.admin.query<{ name: string }>(
      `select format('%I.%I', n.nspname, c.relname) as name
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname in ('pg_catalog', 'information_schema') and c.relkind in ('r', 'v', 'm')
         and has_table_privilege($1, c.oid, 'select') order by 1`,
      [roleOf(mine.canary.tenant)],
    )
    expect(rows.length).toBeGreaterThan(100)
    const read = await intrude(
      gateway.pool,
      scope,
      rows.map(({ name }) => `select t::text from ${name} t`),
    )
    const values = [theirs.canary.marker, theirs.canary.tag, theirs.canary.organizationId]
    const telling = rows.filter((_, index) => values.some((value) => read[index]?.rows.includes(value)))
    expect(telling).toEqual([])
    // The same question finds the values where they may be seen: the check can fail.
    const statistics = rows.findIndex(({ name }) => name === 'pg_catalog.pg_stats')
    expect(read[statistics]?.rows).toContain(mine.canary.marker)
  })

  test('nor does any function that needs no argument', async () => {
    const { rows } = await gateway.database.admin.query<{ name: string }>(
      `select distinct format('%I.%I()', n.nspname, p.proname) as name
       from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where p.pronargs = 0 and p.prokind = 'f' and n.nspname in ('pg_catalog', 'public')
         and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
         and has_function_privilege($1, p.oid, 'execute') order by 1`,
      [roleOf(mine.canary.tenant)],
    )
    expect(rows.length).toBeGreaterThan(50)
    const called = await intrude(
      gateway.pool,
      scope,
      rows.map(({ name }) => `select ${name}::text`),
    )
    const values = [theirs.canary.marker, theirs.canary.tag, theirs.canary.organizationId]
    expect(rows.filter((_, index) => values.some((value) => called[index]?.rows.includes(value)))).toEqual([])
  })
})

/**
 * What Postgres cannot be told to refuse. These facts are asserted so that the page on tenancy, which lists them, is
 * found wrong when they change.
 */
describe('what remains', () => {
  test('names and sizes: which schemas and tables there are, how many rows and bytes', async () => {
    const [names, counts, bytes] = await intrude(gateway.pool, scope, [
      `select nspname from pg_namespace where nspname = '${schema}'`,
      `select relname, reltuples from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = '${schema}' and relname = 'users'`,
      `select pg_relation_size(c.oid) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = '${schema}' and relname = 'users'`,
    ])
    expect([names, counts, bytes]).toMatchObject([{ count: 1 }, { count: 1 }, { count: 1 }])
  })

  test('a whole statement, not a part of one, changes role or setting until the transaction ends', async () => {
    for (const statement of [
      `set local role ${role}`,
      'reset role',
      `set local orgscope.organization_id = '${theirs.canary.organizationId}'`,
      `do $$ begin execute 'set local role ${role}'; end $$`,
    ]) {
      expect({ statement, ...(await writing(statement)) }).toMatchObject({ statement, code: DONE })
    }
    expect(await statesOf(gateway.pool)).toEqual(Array.from({ length: POOL }, () => CLEAN))
  })

  test('a whole statement that outlives its transaction changes nothing for the next one', async () => {
    const poison = async (statement: string): Promise<void> => {
      const clients = await Promise.all(Array.from({ length: POOL }, () => gateway.pool.connect()))
      for (const client of clients) await client.query(statement)
      for (const client of clients) client.release()
    }
    await poison(
      `set search_path = ${schema}; set orgscope.organization_id = '${theirs.canary.organizationId}';
       set orgscope.identity_id = '${await theirs.organization.as('owner').identityId()}'`,
    )
    expect(faults(await crowd([mine, theirs], 12), [mine, theirs])).toEqual([])
    await poison(`set role ${role}`)
    gateway.directory.forget()
    expect(faults(await crowd([mine, theirs], 12), [mine, theirs])).toEqual([])
    await poison('discard all')
  })

  test('words on a channel: any tenant may notify, and hears nothing by a part of a statement', async () => {
    expect(await writing(`select pg_notify('orgscope_directory', 'x')`)).toMatchObject({ code: DONE })
    const [listening] = await intrude(gateway.pool, scope, ['select * from pg_listening_channels()'])
    expect(listening).toMatchObject({ code: DONE, count: 0 })
  })

  test('locks by number: a tenant may hold up whoever waits for the same one, even past its transaction', async () => {
    expect(await writing('select pg_advisory_xact_lock(1)')).toMatchObject({ code: DONE })
    expect(await statesOf(gateway.pool)).toEqual(Array.from({ length: POOL }, () => CLEAN))
    expect(await writing('select pg_advisory_lock(1)')).toMatchObject({ code: DONE })
    expect(await statesOf(gateway.pool)).toContainEqual({ ...CLEAN, locks: 1 })
    const clients = await Promise.all(Array.from({ length: POOL }, () => gateway.pool.connect()))
    for (const client of clients) await client.query('select pg_advisory_unlock_all()')
    for (const client of clients) client.release()
  })

  test('large objects: a tenant may make one, and no other tenant may read it', async () => {
    const made = await gateway.database.admin.query<{ id: number }>(
      `begin; set local role ${roleOf(mine.canary.tenant)};
       select lo_from_bytea(0, '\\x00') as id; commit`,
    )
    const [{ id } = { id: 0 }] = (made as never as { rows: { id: number }[] }[])[2]?.rows ?? []
    const other = tenantScope(theirs.canary.tenant, theirs.canary.organizationId)
    const [read] = await intrude(gateway.pool, other, [`select lo_get(${id})`])
    expect(read).toMatchObject({ code: DENIED })
    await gateway.database.admin.query('select lo_unlink($1)', [id])
  })

  test('whether a uuid or a hash that one knows already exists, told by keys that span organizations', async () => {
    const known = await gateway.database.admin.query<{ id: string }>(
      'select id from public.api_keys where organization_id = $1 limit 1',
      [theirs.canary.organizationId],
    )
    const insert = (id: string): string =>
      `insert into public.api_keys (organization_id, name, key_prefix, key_hash, replaces_key_id)
       values ('${mine.canary.organizationId}', 'x', 'x', '${randomBytes(8).toString('hex')}', '${id}')`
    expect(await writing(insert(known.rows[0]!.id))).toMatchObject({ code: DONE, rows: '[]' })
    expect(await writing(insert('ffffffff-ffff-4fff-bfff-ffffffffffff'))).toMatchObject({ code: '23503' })
  })
})

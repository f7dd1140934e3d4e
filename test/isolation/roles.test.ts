import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  accountScope,
  platformScope,
  tenantScope,
  type SessionScope,
} from '../../src/tenancy/session-scope.js'
import { roleOf, schemaOf } from '../../src/tenancy/tenant-id.js'
import { TestGateway } from '../support/gateway.js'
import { leaksIn } from './support/canary.js'
import { readTables, type Table } from './support/catalogue.js'
import { DONE, intrude } from './support/intruder.js'
import { KEYS, settle, type Resident } from './support/population.js'
import { CLEAN, statesOf } from './support/pool-state.js'

const DENIED = '42501'
const UNKNOWN = '42P01'

let gateway: TestGateway
let mine: Resident
let theirs: Resident
let tables: readonly Table[]
beforeAll(async () => {
  gateway = await TestGateway.start({ poolSize: 2 })
  ;[mine, theirs] = (await settle(gateway, KEYS.slice(0, 2))) as unknown as [Resident, Resident]
  tables = [...(await readTables(gateway.database.admin, schemaOf(theirs.canary.tenant))).values()]
}, 120_000)
afterAll(() => gateway?.close())

const bare = ({ name }: Table): string => name.split('.')[1] ?? name
const scopeOf = ({ canary }: Resident): SessionScope => tenantScope(canary.tenant, canary.organizationId)

/** The codes of statements about every table, as a set: what is not the same for all of them shows. */
async function codes(
  scope: SessionScope,
  statementFor: (table: Table) => string,
  options?: { writing: boolean },
): Promise<ReadonlySet<string>> {
  const outcomes = await intrude(gateway.pool, scope, tables.map(statementFor), options)
  for (const { rows } of outcomes) expect(leaksIn(rows, [theirs.canary])).toEqual([])
  return new Set(outcomes.map(({ code }) => code))
}

test('with its own role and path a tenant reads every table of its own', async () => {
  expect(await codes(scopeOf(mine), (table) => `select * from ${bare(table)}`)).toEqual(new Set([DONE]))
})

describe('with the search path of another tenant and its own role, a tenant', () => {
  const strayed = (): SessionScope => ({
    ...scopeOf(mine),
    searchPath: `${schemaOf(theirs.canary.tenant)}, public`,
  })

  test('finds no table there', async () => {
    // A schema that may not be used is passed over, and no name of a tenant's table is a name of a shared one.
    expect(await codes(strayed(), (table) => `select * from ${bare(table)}`)).toEqual(new Set([UNKNOWN]))
  })

  test('is denied every table by its full name', async () => {
    expect(await codes(strayed(), ({ name }) => `select * from ${name}`)).toEqual(new Set([DENIED]))
    expect(await codes(strayed(), ({ name }) => `select count(*) from ${name}`)).toEqual(new Set([DENIED]))
  })

  test('can neither add, change nor remove anything there', async () => {
    const writes = [
      ({ name }: Table) => `insert into ${name} default values`,
      ({ name, columns: [column] }: Table) => `update ${name} set "${column?.name}" = null`,
      ({ name }: Table) => `delete from ${name}`,
      ({ name }: Table) => `truncate ${name}`,
      ({ name }: Table) => `lock table ${name} in access share mode`,
      ({ name }: Table) => `drop table ${name}`,
    ]
    for (const write of writes) {
      expect(await codes(strayed(), write, { writing: true })).toEqual(new Set([DENIED]))
    }
  })
})

describe('with the role of another tenant', () => {
  test('and its own path, a session reads nothing', async () => {
    const scope = { ...scopeOf(theirs), searchPath: `${schemaOf(mine.canary.tenant)}, public` }
    expect(await codes(scope, (table) => `select * from ${bare(table)}`)).toEqual(new Set([UNKNOWN]))
    const own = tables.map(({ name }) =>
      name.replace(schemaOf(theirs.canary.tenant), schemaOf(mine.canary.tenant)),
    )
    const outcomes = await intrude(
      gateway.pool,
      scope,
      own.map((name) => `select * from ${name}`),
    )
    expect(new Set(outcomes.map(({ code }) => code))).toEqual(new Set([DENIED]))
  })

  test('that does not exist, a session ends before its first statement', async () => {
    const scope = { ...scopeOf(mine), role: roleOf(mine.canary.tenant).replace('abc', 'nil') }
    const [outcome] = await intrude(gateway.pool, scope, ['select * from users'])
    expect(outcome).toMatchObject({
      code: '22023',
      message: expect.stringContaining('does not exist'),
      count: 0,
    })
    expect(await statesOf(gateway.pool)).toEqual([CLEAN, CLEAN])
  })
})

describe('with a path that leads nowhere', () => {
  test.each(['public', 'org_nobody_has_this_one, public', `''`])(
    '(%s) no table of a tenant is found',
    async (searchPath) => {
      const scope = { ...scopeOf(mine), searchPath }
      expect(await codes(scope, (table) => `select * from ${bare(table)}`)).toEqual(new Set([UNKNOWN]))
    },
  )
})

describe('without the role of any tenant', () => {
  test('the gateway’s own login may use nothing it was granted', async () => {
    const shared = await readTables(gateway.database.admin, 'public')
    for (const { name } of [...tables, ...shared.values()]) {
      await expect(gateway.pool.query(`select * from ${name}`)).rejects.toMatchObject({ code: DENIED })
    }
  })

  test('neither an account nor the control plane reads a tenant’s tables', async () => {
    const person = await mine.organization.as('owner').identityId()
    for (const scope of [accountScope(), accountScope(person), platformScope]) {
      expect(await codes(scope, ({ name }) => `select * from ${name}`)).toEqual(new Set([DENIED]))
    }
  })
})

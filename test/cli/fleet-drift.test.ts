import { afterAll, beforeAll, expect, test } from 'vitest'
import { schemaOf, type TenantId } from '../../src/tenancy/tenant-id.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { newTenant } from '../support/new-tenant.js'
import { commandLineOf, Person, type CommandLine } from './support/command-line.js'

let database: TestDatabase
let orgscope: CommandLine
let tenant: TenantId
let other: TenantId
beforeAll(async () => {
  database = await freshDatabase()
  orgscope = commandLineOf(database)
  tenant = await newTenant(database.admin)
  other = await newTenant(database.admin)
})
afterAll(() => database?.drop())

const dropIndex = (): Promise<unknown> =>
  database.admin.query(`drop index ${schemaOf(tenant)}.users_department_idx`)

test('without drift it says so: exit code 0', async () => {
  expect(await orgscope(['fleet', 'drift'])).toEqual({
    code: 0,
    stdout: '2 tenants are as their migrations make them.\n',
    stderr: '',
  })
  expect(await orgscope.json('fleet', 'drift', '--only', tenant)).toEqual({ tenants: 1, drift: [] })
})

test('drift is told by tenant, with the command that repairs it: exit code 3', async () => {
  await dropIndex()
  const told = await orgscope(['fleet', 'drift'])
  expect(told.code).toBe(3)
  expect(told.stdout).toBe(
    `! ${tenant}: index users_department_idx on users is missing\n` +
      '1 of 2 tenants differs from the migrations.\n' +
      `Repair with: orgscope fleet drift --only ${tenant} --repair\n`,
  )
  const json = await orgscope(['fleet', 'drift', '--json'])
  expect(json.code).toBe(3)
  expect(JSON.parse(json.stdout)).toMatchObject({
    tenants: 2,
    drift: [
      {
        tenant,
        findings: [
          {
            about: 'catalogue',
            message: 'index users_department_idx on users is missing',
            left: null,
            statements: [expect.stringMatching(/^CREATE INDEX users_department_idx ON users/)],
          },
        ],
      },
    ],
  })
  expect((await orgscope(['fleet', 'drift', '--except', tenant])).code).toBe(0)
})

test('a repair shows its statements and is done only when the tenant is typed again', async () => {
  const nobody = await orgscope(['fleet', 'drift', '--repair'])
  expect(nobody.code).toBe(2)
  expect(nobody.stderr).toMatch(/CREATE INDEX users_department_idx ON users .*;\n/)
  expect(nobody.stderr).toMatch(/Nobody is here to confirm it\. Give --yes/)

  const wrong = await orgscope(['fleet', 'drift', '--repair'], new Person(other))
  expect(wrong.code).toBe(2)
  expect((await orgscope(['fleet', 'drift'])).code).toBe(3)

  const right = await orgscope(['fleet', 'drift', '--repair'], new Person(tenant))
  expect(right).toMatchObject({
    code: 0,
    stdout: `${tenant}: 1 statement done.\n1 tenant is as its migrations make it.\n`,
  })
  expect((await orgscope(['fleet', 'drift', '--repair'])).code).toBe(0)
})

test('what cannot be repaired without losing data stays: exit code 3', async () => {
  await dropIndex()
  await database.admin.query(
    `create table ${schemaOf(tenant)}.notes (body text); insert into ${schemaOf(tenant)}.notes values ('keep')`,
  )
  const careful = await orgscope(['fleet', 'drift', '--repair', '--yes', '--json'])
  expect(careful.code).toBe(3)
  expect(JSON.parse(careful.stdout)).toMatchObject({
    repaired: [{ tenant, statements: [expect.any(String)], left: [{ message: 'extra table notes' }] }],
    remaining: [{ tenant, findings: [{ message: 'extra table notes' }] }],
  })
  const meant = await orgscope(['fleet', 'drift', '--repair', '--drop-extra', '--yes'])
  expect(meant.code).toBe(0)
  expect(meant.stderr).toMatch(/drop table "notes";/)
})

test('an unknown tenant is wrong use', async () => {
  const { code, stderr } = await orgscope(['fleet', 'drift', '--only', 'no_such_tenant'])
  expect(code).toBe(2)
  expect(stderr).toMatch(/No active or suspended tenant is called no_such_tenant/)
})

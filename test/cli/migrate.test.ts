import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase, uniqueTenant, type TestDatabase } from '../support/database.js'
import { commandLineOf, type CommandLine } from './support/command-line.js'

let empty: TestDatabase
let orgscope: CommandLine
beforeAll(async () => {
  empty = await freshDatabase({ from: null })
  orgscope = commandLineOf(empty)
})
afterAll(() => empty?.drop())

interface Status {
  shared: { isUpToDate: boolean }
  tenants: { tenant: string; isUpToDate: boolean }[]
}

test('an empty database is prepared, migrated, looked at, and taken back a step', async () => {
  const before = await orgscope(['tenant', 'list'])
  expect(before).toMatchObject({ code: 1, stdout: '' })
  expect(before.stderr).toMatch(/The database is not prepared .*Run: orgscope migrate up/)
  expect((await orgscope(['migrate', 'status', '--check'])).code).toBe(3)

  const plan = await orgscope(['migrate', 'plan'])
  expect(plan.stdout).toMatch(/^public\n {2}public 0001_/)
  expect((await orgscope(['migrate', 'plan', '--sql'])).stdout).toMatch(/create table public\.organizations/)

  const up = await orgscope(['migrate', 'up'])
  expect(up).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Applied \d+ steps; 0 tenants/) as string,
  })
  expect((await orgscope(['migrate', 'up'])).stdout).toBe('Everything is up to date.\n')

  const tenant = uniqueTenant()
  await orgscope([
    'tenant',
    'create',
    tenant,
    '--name',
    'T',
    '--admin-email',
    'a@b.example',
    '--modules',
    'usage',
  ])
  const status = await orgscope.json<Status>('migrate', 'status', '--check')
  expect(status).toMatchObject({ shared: { isUpToDate: true }, tenants: [{ tenant, isUpToDate: true }] })
  expect((await orgscope(['migrate', 'status'])).stdout).toMatch(/^usage +\d+ +1 +1$/m)

  const unconfirmed = await orgscope(['migrate', 'down', '--module', 'usage', '--to', '0', '--only', tenant])
  expect(unconfirmed.code).toBe(2)
  const down = await orgscope([
    'migrate',
    'down',
    '--module',
    'usage',
    '--to',
    '8',
    '--only',
    tenant,
    '--yes',
  ])
  expect(down).toMatchObject({ code: 0, stdout: 'Took back 1 step; 1 tenant had something to do.\n' })
  const behind = await orgscope(['migrate', 'status', '--check'])
  expect(behind.code).toBe(3)
  expect(behind.stdout).toMatch(new RegExp(`! ${tenant} \\(active\\): .*usage 8 of 9`))
  expect((await orgscope(['migrate', 'up', '--only', tenant])).code).toBe(0)
})

test('a module without migrations is wrong use', async () => {
  const { code, stderr } = await orgscope(['migrate', 'down', '--module', 'billing', '--to', '0', '--yes'])
  expect(code).toBe(2)
  expect(stderr).toMatch(/No migrations are called billing/)
})

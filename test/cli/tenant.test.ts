import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase, uniqueTenant, type TestDatabase } from '../support/database.js'
import { commandLineOf, Person, type CommandLine } from './support/command-line.js'

let database: TestDatabase
let orgscope: CommandLine
let folder: string
beforeAll(async () => {
  database = await freshDatabase()
  orgscope = commandLineOf(database)
  folder = await mkdtemp(join(tmpdir(), 'orgscope-cli-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await database?.drop()
})

const creation = (tenant: string, ...more: string[]): string[] => [
  ...['tenant', 'create', tenant, '--name', `Organization ${tenant}`],
  ...['--admin-email', `ada@${tenant}.example`, '--modules', 'usage,llm', ...more],
]

test('a tenant is created, shown, and listed', async () => {
  const tenant = uniqueTenant()
  const { code, stdout } = await orgscope(creation(tenant, '--plan', 'pro'))
  expect(code).toBe(0)
  expect(stdout).toMatch(
    new RegExp(`^Tenant ${tenant} is ready \\(.*\\)\\. Modules: usage\\.\n.*no tables yet for: llm`),
  )
  expect(await orgscope.json('tenant', 'show', tenant)).toMatchObject({
    tenant,
    state: 'active',
    plan: 'pro',
    modules: ['usage'],
    entitledModules: ['llm', 'usage'],
    adminEmail: `ada@${tenant}.example`,
  })
  const text = await orgscope(['tenant', 'show', tenant])
  expect(text.stdout).toMatch(/^state +active since/m)
  expect(await orgscope.json<unknown[]>('tenant', 'list')).toContainEqual(expect.objectContaining({ tenant }))
  const list = await orgscope(['tenant', 'list'])
  expect(list.stdout).toMatch(new RegExp(`^${tenant} +active +pro +usage`, 'm'))
})

test('a tenant created twice is the same tenant, and another one of its name is a conflict', async () => {
  const tenant = uniqueTenant()
  await orgscope(creation(tenant))
  const again = await orgscope(creation(tenant))
  expect(again).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/was there already, as asked for/) as string,
  })
  const { code, stderr } = await orgscope(creation(tenant, '--plan', 'enterprise'))
  expect(code).toBe(1)
  expect(stderr).toMatch(/exists already and differs .* plan is free, asked for enterprise/)
})

test('a suspended tenant is resumed', async () => {
  const tenant = uniqueTenant()
  await orgscope(creation(tenant))
  expect(await orgscope.json('tenant', 'suspend', tenant, '--reason', 'invoice 2041')).toMatchObject({
    state: 'suspended',
  })
  expect(await orgscope.json('tenant', 'resume', tenant)).toMatchObject({ state: 'active' })
})

test('a tenant is only deleted when its id is typed again or --yes is given', async () => {
  const tenant = uniqueTenant()
  await orgscope(creation(tenant))
  const asked = await orgscope(['tenant', 'delete', tenant, '--now'])
  expect(asked.code).toBe(2)
  expect(asked.stderr).toMatch(/Nobody is here to confirm it\. Give --yes/)
  expect(await orgscope.json('tenant', 'show', tenant)).toMatchObject({ state: 'active' })

  const later = await orgscope(['tenant', 'delete', tenant, '--grace-days', '7', '--yes'])
  expect(later.stdout).toMatch(/is not served any more; its data is dropped after \d{4}-/)
  const gone = await orgscope(['tenant', 'delete', tenant, '--now', '--yes'])
  expect(gone).toMatchObject({ code: 0, stdout: `Tenant ${tenant} is deleted and its data is gone.\n` })
  expect(await orgscope.json<{ tenant: string }[]>('tenant', 'list')).not.toContainEqual(
    expect.objectContaining({ tenant }),
  )
  expect(await orgscope.json('tenant', 'list', '--all')).toContainEqual(
    expect.objectContaining({ tenant, state: 'deleted' }),
  )
})

test('a person is asked for the id, and nothing is done when it is another one', async () => {
  const tenant = uniqueTenant()
  await orgscope(creation(tenant))
  const wrong = await orgscope(['tenant', 'delete', tenant, '--now'], new Person('something else'))
  expect(wrong.code).toBe(2)
  expect(wrong.stderr).toMatch(/"something else" is not .*; nothing was done\./)
  expect(await orgscope.json('tenant', 'show', tenant)).toMatchObject({ state: 'active' })
  const right = await orgscope(['tenant', 'delete', tenant, '--now'], new Person(tenant))
  expect(right.code).toBe(0)
  expect(right.stderr).toMatch(/All data of .* will be dropped now, for good/)
})

test.each([
  ['show', ['tenant', 'show', 'no_such_tenant']],
  ['suspend', ['tenant', 'suspend', 'no_such_tenant']],
  ['delete', ['tenant', 'delete', 'no_such_tenant', '--yes']],
])('%s of an unknown tenant is wrong use', async (_, args) => {
  const { code, stdout, stderr } = await orgscope(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^orgscope: There is no tenant no_such_tenant/)
})

test('an unknown module is named with those there are', async () => {
  const { code, stderr } = await orgscope([...creation(uniqueTenant()).slice(0, -1), 'usage,billing'])
  expect(code).toBe(2)
  expect(stderr).toMatch(/Unknown module billing\. Modules are /)
})

const manifest = (tenant: string): string => `
id: ${tenant}
name: Organization ${tenant}
plan: free
modules: [usage]
admin: { email: ada@${tenant}.example, name: Ada Lovelace }
teams: [{ name: Engines }]
members: [{ email: bob@${tenant}.example, name: Bob Boole, role: member, teams: [Engines] }]
`

test('manifests are applied, and applied again they have nothing to do', async () => {
  const tenant = uniqueTenant()
  const path = join(folder, `${tenant}.yaml`)
  await writeFile(path, manifest(tenant))
  const first = await orgscope(['tenant', 'apply', path])
  expect(first).toMatchObject({
    code: 0,
    stdout: `${tenant}: created, 2 people, 1 team membership (modules: usage)\n`,
  })
  const second = await orgscope(['tenant', 'apply', path])
  expect(second.stdout).toBe(`${tenant}: nothing to do (modules: usage)\n`)
})

test('a malformed manifest is refused with file and line before anything is made', async () => {
  const tenant = uniqueTenant()
  const broken = join(folder, 'broken')
  await mkdir(broken)
  await writeFile(join(broken, 'good.yaml'), manifest(tenant))
  await writeFile(join(broken, 'wrong.yaml'), manifest(uniqueTenant()).replace('plan: free', 'plan: gold'))
  const { code, stderr } = await orgscope(['tenant', 'apply', broken])
  expect(code).toBe(2)
  expect(stderr).toMatch(/wrong\.yaml:4: plan is "gold"; it has to be one of free, pro, enterprise/)
  expect(await orgscope(['tenant', 'show', tenant])).toMatchObject({ code: 2 })
})

test('one manifest that cannot be applied stops nobody else: exit code 3', async () => {
  const [taken, other] = [uniqueTenant('a'), uniqueTenant('b')]
  await orgscope([
    'tenant',
    'create',
    taken,
    '--name',
    'Other',
    '--admin-email',
    'x@y.example',
    '--plan',
    'pro',
  ])
  const both = join(folder, 'both')
  await mkdir(both)
  await writeFile(join(both, '1.yaml'), manifest(taken))
  await writeFile(join(both, '2.yaml'), manifest(other))
  const { code, stdout } = await orgscope(['tenant', 'apply', both])
  expect(code).toBe(3)
  expect(stdout).toMatch(new RegExp(`^! ${taken}: .*differs.*\n${other}: created`))
})

test('the manifests of the demo bring their usage once', async () => {
  const tenant = uniqueTenant()
  const path = join(folder, `${tenant}.yaml`)
  await writeFile(path, `${manifest(tenant)}demo_data: techcorp\n`)
  const first = await orgscope.json<{ applied: { demoEvents: number }[] }>(
    'tenant',
    'apply',
    path,
    '--demo-data',
  )
  const second = await orgscope.json<{ applied: { demoEvents: number }[] }>(
    'tenant',
    'apply',
    path,
    '--demo-data',
  )
  expect([first.applied[0]!.demoEvents, second.applied[0]!.demoEvents]).toEqual([60, 0])
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase, uniqueTenant, type TestDatabase } from '../support/database.js'
import { newTenant } from '../support/new-tenant.js'
import { commandLineOf, type CommandLine } from './support/command-line.js'

let database: TestDatabase
let orgscope: CommandLine
let folder: string
beforeAll(async () => {
  database = await freshDatabase()
  orgscope = commandLineOf(database)
  folder = await mkdtemp(join(tmpdir(), 'orgscope-modules-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await database?.drop()
})

test('a module is enabled, listed, disabled, and purged after the tenant id is typed again', async () => {
  const tenant = await newTenant(database.admin)
  const module = (...words: string[]) => orgscope(['tenant', 'module', ...words])
  expect(await module('enable', tenant, 'usage')).toMatchObject({
    code: 0,
    stdout: `Tenant ${tenant} may use usage.\n`,
  })
  expect((await module('enable', tenant, 'usage')).stdout).toBe(`Tenant ${tenant} already may use usage.\n`)
  const list = await orgscope(['tenant', 'modules', tenant])
  expect(list.stdout).toMatch(/^usage +full +version \d+ +yes +never$/m)
  expect(list.stdout).toMatch(/^llm +none +no +no$/m)
  expect((await module('purge', tenant, 'usage', '--yes')).stderr).toMatch(/is enabled\. Disable it first/)
  expect((await module('disable', tenant, 'usage', '--reason', 'not renewed')).stdout).toBe(
    `Tenant ${tenant} may not use usage any more. Its data is kept; orgscope tenant module purge drops it.\n`,
  )
  expect((await orgscope(['tenant', 'show', tenant])).stdout).toMatch(/^disabled, data kept +usage$/m)
  const asked = await module('purge', tenant, 'usage')
  expect(asked).toMatchObject({ code: 2, stderr: expect.stringMatching(/Give --yes/) as string })
  expect(await orgscope.json('tenant', 'module', 'purge', tenant, 'usage', '--yes')).toMatchObject({
    tenant,
    changed: true,
    module: { module: 'usage', isInstalled: false },
  })
  expect((await module('purge', tenant, 'usage', '--yes')).stdout).toBe(
    `Tenant ${tenant} has no tables of usage.\n`,
  )
})

test('access that ends soon, or has ended, is a warning in what is shown of the tenant', async () => {
  const tenant = await newTenant(database.admin)
  const soon = new Date(Date.now() + 86_400_000).toISOString()
  const enable = ['tenant', 'module', 'enable', tenant, 'usage', '--access', 'trial', '--expires', soon]
  expect((await orgscope(enable)).stdout).toContain(`may use usage (trial) until ${soon.slice(0, 19)}`)
  expect((await orgscope(['tenant', 'show', tenant])).stdout).toMatch(
    /^warning +access to usage \(trial\) ends at/m,
  )
  await database.admin.query(
    `update public.module_access set expires_at = now() where expires_at is not null`,
  )
  const { warnings } = await orgscope.json<{ warnings: string[] }>('tenant', 'show', tenant)
  expect(warnings).toEqual([expect.stringMatching(/access to usage \(trial\) ended at .*; its data is kept/)])
  expect((await orgscope(['tenant', 'modules', tenant])).stdout).toMatch(/^usage +expired /m)
})

test('what the plan does not include, and what is no module or plan, is refused with what would be right', async () => {
  const tenant = await newTenant(database.admin)
  const outside = await orgscope(['tenant', 'module', 'enable', tenant, 'portfolio'])
  expect(outside).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /plan free does not include the module portfolio; enterprise would/,
    ) as string,
  })
  const misspelt = await orgscope(['tenant', 'module', 'enable', tenant, 'usgae'])
  expect(misspelt.stderr).toMatch(/There is no module usgae\. Did you mean usage\?/)
  expect((await orgscope(['tenant', 'plan', tenant, 'gold'])).stderr).toMatch(
    /no plan gold\. Plans are free, pro, enterprise/,
  )
})

test('a plan is changed, and says what it takes along', async () => {
  const tenant = await newTenant(database.admin)
  expect((await orgscope(['tenant', 'plan', tenant, 'enterprise'])).stdout).toBe(
    `Tenant ${tenant} has the plan enterprise.\n`,
  )
  await orgscope(['tenant', 'module', 'enable', tenant, 'portfolio'])
  expect((await orgscope(['tenant', 'plan', tenant, 'free'])).stdout).toBe(
    `Tenant ${tenant} has the plan free. Disabled, with their data kept: portfolio.\n`,
  )
})

test('a manifest without a module that has data disables it, and says so', async () => {
  const tenant = uniqueTenant()
  const file = join(folder, 'tenant.yaml')
  const apply = async (plan: string, modules: string) => {
    const admin = `{ email: ada@${tenant}.example, name: Ada Lovelace }`
    await writeFile(
      file,
      `id: ${tenant}\nname: ${tenant}\nplan: ${plan}\nmodules: ${modules}\nadmin: ${admin}\n`,
    )
    return (await orgscope(['tenant', 'apply', file])).stdout
  }
  expect(await apply('free', '[usage]')).toContain('created')
  expect(await apply('pro', '[]')).toBe(
    `${tenant}: plan free → pro, disabled usage (data kept) (modules: none)\n`,
  )
  expect(await apply('pro', '[]')).toBe(`${tenant}: nothing to do (modules: none)\n`)
  expect(await apply('pro', '[usage]')).toBe(`${tenant}: enabled usage (modules: usage)\n`)
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { coreModule, latestVersion, loadMigrations } from '../../src/fleet/migration-files.js'
import { schemaOf, type TenantId } from '../../src/tenancy/tenant-id.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { newTenant } from '../support/new-tenant.js'
import { commandLineOf, Person, type CommandLine } from './support/command-line.js'

let database: TestDatabase
let orgscope: CommandLine
let tenants: TenantId[]
beforeAll(async () => {
  database = await freshDatabase()
  orgscope = commandLineOf(database)
  tenants = [await newTenant(database.admin), await newTenant(database.admin)].sort()
})
afterAll(() => database?.drop())

interface Run {
  readonly id: string
  readonly status: string
  readonly counts: Record<string, number>
}

test('before the first run there is none to show, list or resume', async () => {
  expect(await orgscope(['fleet', 'runs'])).toMatchObject({ code: 0, stdout: 'There are no runs.\n' })
  expect(await orgscope(['fleet', 'show', 'latest'])).toMatchObject({
    code: 2,
    stderr: 'orgscope: There has been no fleet run yet.\n',
  })
  expect(await orgscope(['fleet', 'resume', 'the-last'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Not the id of a fleet run: the-last') as string,
  })
})

test('a run in waves that fails is shown, resumed once mended, and watched to its end', async () => {
  const [broken, other] = tenants
  const core = latestVersion((await loadMigrations()).modules.get(coreModule)!)
  // Takes the search back; making it again meets something of the same name.
  await orgscope(['migrate', 'down', '--module', 'core', '--to', '5', '--yes'])
  await database.admin.query(`create index users_search_idx on ${schemaOf(broken!)}.users (id)`)
  const up = await orgscope(['migrate', 'up', '--canary', '1', '--max-failures', '0'])
  expect(up.code).toBe(3)
  expect(up.stderr).toMatch(/^Run [0-9a-f-]{36}: 2 tenants, 8 at once\nWave 1 of 2\n/)
  expect(up.stdout).toMatch(`! ${broken}: core 0006_directory_search: `)
  expect(up.stdout).toMatch('The run stopped: 1 tenant failed, more than the 0 allowed.')
  expect(up.stdout).toMatch(`Not tried: ${other}.`)
  const [run] = (await orgscope.json<{ runs: Run[] }>('fleet', 'runs', '--status', 'failed')).runs
  expect(up.stdout).toMatch(`Go on with: orgscope fleet resume ${run!.id}`)

  const shown = await orgscope(['fleet', 'show', run!.id])
  expect(shown.stdout).toMatch(/status +failed: 1 tenant failed, more than the 0 allowed/)
  expect(shown.stdout).toMatch(new RegExp(`! ${broken}: core 0006_directory_search: .*already exists`))
  expect(await orgscope(['fleet', 'watch', run!.id])).toMatchObject({ code: 3 })

  await database.admin.query(`drop index ${schemaOf(broken!)}.users_search_idx`)
  expect(await orgscope(['fleet', 'resume', 'latest'])).toMatchObject({
    code: 0,
    stdout: `Did ${2 * (core - 5)} steps; 2 tenants had something to do.\n`,
  })
  const watched = await orgscope(['fleet', 'watch', run!.id, '--json'])
  expect(watched.code).toBe(0)
  const lines = watched.stdout.trim().split('\n')
  expect(lines.map((line) => JSON.parse(line) as Run)).toMatchObject([
    { id: run!.id, status: 'succeeded', counts: { succeeded: 2, failed: 0 } },
  ])
  expect((await orgscope(['fleet', 'resume', run!.id])).stdout).toBe('There was nothing left to do.\n')
})

test('a redo asks first, is a run of its own, and shows a bar to a person', async () => {
  const args = ['migrate', 'redo', '--module', 'core', '--only', tenants[0]!]
  expect((await orgscope(args)).code).toBe(2)
  expect((await orgscope(args, new Person('no'))).code).toBe(2)
  const done = await orgscope(args, new Person(tenants[0]!))
  expect(done).toMatchObject({ code: 0, stdout: 'Back and again: 2 steps; 1 tenant had something to do.\n' })
  expect(done.stderr).toMatch(/tenants +█+ 1\/1/)
  expect((await orgscope(['fleet', 'show'])).stdout).toMatch(/work +redo the last 1 step of core/)
})

test('steps are marked as applied only once', async () => {
  const args = ['migrate', 'mark-applied', '--module', 'core', '--to', '6', '--yes']
  expect(await orgscope(args)).toMatchObject({ code: 0, stdout: 'Everything was written down already.\n' })
})

test('a finished run is neither paused nor cancelled', async () => {
  for (const verb of ['pause', 'cancel']) {
    const { code, stderr } = await orgscope(['fleet', verb, 'latest'])
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is succeeded and cannot be/),
    })
  }
})

test.each([
  [['migrate', 'up', '--canary', 'few'], /Not a number of tenants like 20 or a share like 5%: few/],
  [['migrate', 'up', '--max-failure-rate', '120'], /percentage from 0 to 100/],
  [['migrate', 'up', '--skip-dormant', '90 days'], /duration by ISO 8601/],
  [['migrate', 'up', '--target', 'usage'], /a list such as usage=8,core=6/],
  [['migrate', 'up', '--lock-timeout', 'long'], /a time such as 500ms, 2s or 5m/],
  [['migrate', 'up', '--plan', 'gold'], /There is no plan gold/],
  [['migrate', 'up', '--only', 'nobody'], /No active or suspended tenant is called nobody/],
  [['fleet', 'runs', '--status', 'done'], /done is none of pending, running/],
])('%j is wrong use', async (args, reason) => {
  const { code, stdout, stderr } = await orgscope(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(reason)
})

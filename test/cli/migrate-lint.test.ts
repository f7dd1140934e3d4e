import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageRoot } from '../../src/package-root.js'
import { freshDatabase, type TestDatabase } from '../support/database.js'
import { buildProgram } from './support/built-program.js'
import { commandLine } from './support/command-line.js'

const orgscope = commandLine({})
let folder: string
let database: TestDatabase
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orgscope-lint-'))
  database = await freshDatabase()
})
afterAll(async () => {
  await database?.drop()
  await rm(folder, { recursive: true, force: true })
})

/** A migrations folder with one migration of core. */
async function migrationsWith(up: string): Promise<string> {
  const root = await mkdtemp(join(folder, 'migrations-'))
  const core = join(root, 'tenant/core')
  await mkdir(core, { recursive: true })
  await mkdir(join(root, 'public'))
  await writeFile(join(core, '0001_notes.up.sql'), up)
  await writeFile(join(core, '0001_notes.down.sql'), 'drop table notes;\n')
  return join(core, '0001_notes.up.sql')
}

test('the installation’s migrations keep the rules, all of them and those of one module', async () => {
  const kept = { code: 0, stdout: 'Every migration keeps the rules.\n', stderr: '' }
  expect(await orgscope(['migrate', 'lint'])).toEqual(kept)
  expect(await orgscope(['migrate', 'lint', '--module', 'usage'])).toEqual(kept)
  expect(await orgscope.json('migrate', 'lint')).toEqual({ findings: [] })
})

test('a file that breaks a rule is told with line, statement and what would be right: exit code 3', async () => {
  const file = await migrationsWith('create table notes (\n  number serial\n);\n')
  const { code, stdout } = await orgscope(['migrate', 'lint', file])
  expect(code).toBe(3)
  expect(stdout).toBe(
    `${file}:2: no-serial: notes.number numbers its rows\n` +
      '    create table notes (\n      number serial\n    )\n' +
      '  right would be: uuid not null default public.uuid_v7()\n1 finding.\n',
  )
  const json = await orgscope(['migrate', 'lint', file, '--json'])
  expect(JSON.parse(json.stdout)).toMatchObject({ findings: [{ rule: 'no-serial', file, line: 2 }] })
})

test.each([
  ['a module there is none of', ['--module', 'usag'], /No migrations are called usag; did you mean usage\?/],
  ['a file that is no migration', ['README.md'], /README\.md is not a migration/],
  [
    'a migration that is not there',
    ['migrations/tenant/core/0999_x.up.sql'],
    /There is no migration .*0999_x/,
  ],
])('%s is wrong use', async (_, args, message) => {
  const { code, stderr } = await orgscope(['migrate', 'lint', ...args])
  expect(code).toBe(2)
  expect(stderr).toMatch(message)
})

test(
  'a plan with a file that breaks a rule says so, and ends with exit code 3',
  { timeout: 60_000 },
  async () => {
    buildProgram()
    const copy = await mkdtemp(join(folder, 'installation-'))
    for (const part of ['dist', 'migrations', 'package.json']) {
      await cp(join(packageRoot, part), join(copy, part), { recursive: true })
    }
    await symlink(join(packageRoot, 'node_modules'), join(copy, 'node_modules'))
    await mkdir(join(copy, 'migrations/tenant/notes'))
    await writeFile(
      join(copy, 'migrations/tenant/notes/0001_notes.up.sql'),
      'create table notes (n serial);\n',
    )
    await writeFile(join(copy, 'migrations/tenant/notes/0001_notes.down.sql'), 'drop table notes;\n')
    const plan = await new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      const environment = { DATABASE_URL: database.gatewayUrl, ADMIN_DATABASE_URL: database.adminUrl }
      const child = execFile(
        process.execPath,
        [join(copy, 'dist/cli/main.js'), 'migrate', 'plan'],
        { env: { PATH: process.env['PATH'], ...environment } },
        (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
      )
    })
    expect(plan).toMatchObject({ code: 3, stdout: 'Everything is up to date.\n' })
    expect(plan.stderr).toMatch(
      /^migrations\/tenant\/notes\/0001_notes\.up\.sql:1: no-serial: notes\.n numbers/,
    )
  },
)

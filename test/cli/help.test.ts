import { PassThrough } from 'node:stream'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { buildProgram } from '../../src/cli/program.js'
import { commandLine } from './support/command-line.js'

const orgscope = commandLine({})

function leaves(command: Command, path: readonly string[] = []): { command: Command; path: string[] }[] {
  if (command.commands.length === 0) return [{ command, path: [...path] }]
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]))
}

const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }
const all = leaves(buildProgram({ streams }, () => {}))

test('the commands are those the documentation names', () => {
  expect(all.map(({ path }) => path.join(' ')).sort()).toEqual([
    'api-key create',
    'api-key list',
    'api-key revoke',
    'fleet cancel',
    'fleet drift',
    'fleet pause',
    'fleet resume',
    'fleet runs',
    'fleet show',
    'fleet spares drop',
    'fleet spares fill',
    'fleet spares list',
    'fleet watch',
    'migrate down',
    'migrate lint',
    'migrate mark-applied',
    'migrate plan',
    'migrate redo',
    'migrate status',
    'migrate up',
    'serve',
    'tenant abort',
    'tenant apply',
    'tenant archive',
    'tenant clone',
    'tenant create',
    'tenant delete',
    'tenant erase-user',
    'tenant export',
    'tenant export-user',
    'tenant import',
    'tenant list',
    'tenant module disable',
    'tenant module enable',
    'tenant module purge',
    'tenant modules',
    'tenant plan',
    'tenant purge',
    'tenant rename',
    'tenant restore',
    'tenant resume',
    'tenant show',
    'tenant suspend',
    'tenant undelete',
    'token create',
    'usage import',
  ])
})

describe.each(all)('orgscope $path', ({ path }) => {
  test('has a help text with --json and with examples of itself', async () => {
    const { code, stdout, stderr } = await orgscope([...path, '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/--json/)
    const examples = stdout.slice(stdout.indexOf('Examples:'))
    expect(examples).toContain(`orgscope ${path.join(' ')}`)
  })
})

test('an unknown command gets a suggestion and exit code 2', async () => {
  expect(await orgscope(['tenat', 'list'])).toEqual({
    code: 2,
    stdout: '',
    stderr: "orgscope: Unknown command 'tenat'; did you mean tenant?\n",
  })
})

test.each([
  ['an unknown option', ['tenant', 'list', '--al'], /Unknown option '--al'; did you mean --all\?/],
  ['a missing argument', ['tenant', 'show'], /Missing required argument 'id'/],
  ['a missing option', ['api-key', 'list'], /Required option '--org <id>' not specified/],
  ['a value that is none', ['migrate', 'up', '--concurrency', 'many'], /whole number from 1 to 100/],
  [
    'a choice that is none',
    ['tenant', 'create', 'a', '--plan', 'gold'],
    /Allowed choices are free, pro, enterprise/,
  ],
  ['a tenant id that is none', ['api-key', 'list', '--org', 'Acme!'], /Not a tenant id: "Acme!"/],
  [
    'a time that is none',
    ['token', 'create', '--email', 'a@b.c', '--expires-in', 'soon'],
    /such as 90s, 15m/,
  ],
])('%s is wrong use: exit code 2, a reason, nothing on standard output', async (_, args, reason) => {
  const { code, stdout, stderr } = await orgscope(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(/^orgscope: /)
  expect(stderr).toMatch(reason)
})

test('with --json an error is JSON on standard error', async () => {
  const { code, stdout, stderr } = await orgscope(['tenant', 'list', '--al', '--json'])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'USAGE', exitCode: 2 } })
})

test('without a command the help is printed and the exit code is 2', async () => {
  const { code, stderr } = await orgscope([])
  expect(code).toBe(2)
  expect(stderr).toMatch(/Exit codes:\n {2}0 {2}done/)
})

test('the version is that of the package', async () => {
  const { code, stdout } = await orgscope(['--version'])
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string })
})

test('a setting that cannot be used is named, and its secret is not shown', async () => {
  const wrong = commandLine({ DATABASE_URL: 'mysql://user:secret@host/db' })
  const { code, stderr } = await wrong(['tenant', 'list'])
  expect(code).toBe(2)
  expect(stderr).toMatch(
    /^orgscope: DATABASE_URL is a value \(not shown\), but must be a URL like postgresql:/,
  )
})

test('a database that is away is a failure that says where it was looked for', async () => {
  const url = 'postgresql://orgscope_gateway:x@127.0.0.1:1/orgscope'
  const away = commandLine({ DATABASE_URL: url, ADMIN_DATABASE_URL: url })
  const { code, stdout, stderr } = await away(['tenant', 'list'])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^orgscope: The database cannot be reached: .*127\.0\.0\.1:1.* Check DATABASE_URL/)
})

test('a command for the control plane says that it needs ADMIN_DATABASE_URL', async () => {
  const serving = commandLine({ DATABASE_URL: 'postgresql://orgscope_gateway:x@127.0.0.1:1/orgscope' })
  const { code, stderr } = await serving(['tenant', 'list'])
  expect(code).toBe(2)
  expect(stderr).toMatch(/needs the database for DDL\. Set ADMIN_DATABASE_URL/)
})

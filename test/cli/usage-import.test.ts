import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { schemaOf } from '../../src/tenancy/tenant-id.js'
import { freshDatabase, uniqueTenant, type TestDatabase } from '../support/database.js'
import { dollars, generatedTrace, loadTrace, sumOf } from '../modules/usage/azure-trace.js'
import { commandLine, commandLineOf, Person, type CommandLine, type Outcome } from './support/command-line.js'

let database: TestDatabase
let orgscope: CommandLine
let folder: string
const tenant = uniqueTenant()
beforeAll(async () => {
  database = await freshDatabase()
  orgscope = commandLineOf(database)
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
})
afterAll(() => database?.drop())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orgscope-cli-'))
  await database.admin.query(
    ['usage_events', 'usage_ingest_keys', 'usage_rollups_hourly', 'usage_rollups_daily']
      .map((table) => `truncate ${schemaOf(tenant)}.${table}`)
      .join(';'),
  )
  return () => rm(folder, { recursive: true, force: true })
})

const FORMAT = ['--format', 'azure-llm-trace', '--model', 'gpt-4o-mini']

async function importText(text: string, ...more: string[]): Promise<Outcome & { file: string }> {
  const file = join(folder, 'trace.csv')
  await writeFile(file, text)
  return { ...(await orgscope(['usage', 'import', file, '--org', tenant, ...FORMAT, ...more])), file }
}

test('the summary of the trace gives rows, tokens and the exact cost; a second import adds nothing and says so', async () => {
  const { text } = loadTrace()
  const { rows, input, output, cost } = sumOf(text)
  const shown = (value: number): string => value.toLocaleString('en-US')
  const first = await importText(text)
  expect(first.code).toBe(0)
  expect(first.stdout.split('\n').slice(1)).toEqual([
    `read       ${shown(rows)}`,
    `added      ${shown(rows)}  ${shown(input)} input and ${shown(output)} output tokens, ${dollars(cost)} USD`,
    'duplicate  0',
    'rejected   0',
    '',
  ])
  const second = await importText(text)
  expect(second.code).toBe(0)
  expect(second.stdout).toMatch(/^added +0$/m)
  expect(second.stdout).toMatch(new RegExp(`^duplicate +${shown(rows)} +recorded before$`, 'm'))
  expect(second.stdout).toMatch(/Nothing was added: every sound row was recorded before\./)
  expect(existsSync(`${second.file}.rejects.csv`)).toBe(false)
})

test('with --json the result is one document, and nothing else is printed', async () => {
  const { code, stdout, stderr } = await importText(generatedTrace(10), '--json')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stdout)).toMatchObject({
    rows: 10,
    added: 10,
    rejected: 0,
    rejects: [],
    rejectsFile: null,
  })
})

const broken = [...generatedTrace(3).split('\r\n'), 'a,"b",c', ...Array<string>(14).fill('1,2')].join('\n')

test('rejected rows end with exit code 3, the first in the summary and all in a file beside the input', async () => {
  const { code, stderr, file } = await importText(broken)
  expect(code).toBe(3)
  expect(stderr).toMatch(/^ {2}line 5: TIMESTAMP is not a time such as/m)
  expect(stderr).toMatch(/^ {2}line 6: has 2 columns instead of 3$/m)
  expect(stderr).toMatch(/^ {2}… and 5 more$/m)
  expect(stderr).toContain(`All rejected rows are in ${file}.rejects.csv`)
  const lines = (await readFile(`${file}.rejects.csv`, 'utf8')).split('\n')
  expect(lines).toHaveLength(1 + 15 + 1)
  expect(lines[0]).toBe('line,reason,row')
  expect(lines[2]).toBe('6,"has 2 columns instead of 3","1,2"')
})

test('the rejects file can be put elsewhere, and one that cannot be written is refused before anything begins', async () => {
  const elsewhere = join(folder, 'bad.csv')
  await importText(broken, '--rejects', elsewhere)
  expect(existsSync(elsewhere)).toBe(true)
  const { code, stderr } = await importText(broken, '--rejects', join(folder, 'no-such-folder', 'bad.csv'))
  expect(code).toBe(2)
  expect(stderr).toMatch(/^orgscope: The rejects file .* cannot be written/)
})

test('a person who watches sees a bar', async () => {
  const file = join(folder, 'trace.csv')
  await writeFile(file, generatedTrace(6_000))
  const { code, stderr } = await orgscope(['usage', 'import', file, '--org', tenant, ...FORMAT], new Person())
  expect(code).toBe(0)
  expect(stderr).toMatch(/recording +█+ 6,000\/6,000/)
})

test('a dry run writes nothing', async () => {
  const { code, stdout } = await importText(generatedTrace(5), '--dry-run')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^to be added +5 /m)
  expect(stdout).toMatch(/dry run; nothing was written/)
  const { rows } = await database.admin.query(`select from ${schemaOf(tenant)}.usage_events`)
  expect(rows).toHaveLength(0)
})

test('a file may come through standard input', async () => {
  const { code, stdout } = await orgscope(
    ['usage', 'import', '-', '--org', tenant, ...FORMAT, '--json'],
    generatedTrace(7),
  )
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ added: 7 })
})

test.each([
  ['an empty file', '', /the file is empty; expected the header TIMESTAMP,ContextTokens,GeneratedTokens/],
  [
    'a wrong header',
    'when,in,out\n',
    /found when, in, out; expected TIMESTAMP, ContextTokens, GeneratedTokens/,
  ],
])('%s is wrong use', async (_, text, reason) => {
  const { code, stdout, stderr } = await importText(text)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(reason)
})

test.each([
  [
    'an unknown organization',
    ['--org', 'no_such_tenant', ...FORMAT],
    /There is no organization no_such_tenant/,
  ],
  [
    'an unknown model',
    ['--org', tenant, '--format', 'azure-llm-trace', '--model', 'gpt4o-mini'],
    /no price is known for a model gpt4o-mini; did you mean gpt-4o-mini\?/,
  ],
  [
    'an unknown format',
    ['--org', tenant, '--format', 'xml', '--model', 'm'],
    /Allowed choices are azure-llm-trace/,
  ],
])('%s is wrong use, and the file is not read', async (_, args, reason) => {
  const file = join(folder, 'never-read.csv')
  await writeFile(file, 'this would be a wrong header')
  const { code, stdout, stderr } = await orgscope(['usage', 'import', file, ...args])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(reason)
})

test('a model without a price is imported when that is allowed', async () => {
  const { code, stdout } = await importText(generatedTrace(3), '--model', 'in-house', '--allow-unpriced')
  expect(code).toBe(0)
  expect(stdout).toMatch(/3 added rows without a known price; their cost is unknown, not 0\./)
})

test.each([
  ['a missing file', () => join(folder, 'missing.csv'), /missing\.csv cannot be read: .*no such file/],
  ['a folder', () => folder, /is a folder; name a file in it/],
])('%s is wrong use', async (_, path, reason) => {
  const { code, stderr } = await orgscope(['usage', 'import', path(), '--org', tenant, ...FORMAT])
  expect(code).toBe(2)
  expect(stderr).toMatch(reason)
})

test('nothing is imported into a suspended organization, or one without the module', async () => {
  const [suspended, plain] = [uniqueTenant(), uniqueTenant()]
  const create = ['--name', 'N', '--admin-email', 'a@b.example', '--modules']
  await orgscope([
    'tenant',
    'create',
    suspended,
    ...create,
    'usage',
    '--slug',
    suspended.replaceAll('_', '-'),
  ])
  await orgscope(['tenant', 'suspend', suspended])
  await orgscope(['tenant', 'create', plain, '--name', 'P', '--admin-email', 'a@b.example'])
  const file = join(folder, 'trace.csv')
  await writeFile(file, generatedTrace(1))
  const into = (id: string): Promise<Outcome> => orgscope(['usage', 'import', file, '--org', id, ...FORMAT])
  expect(await into(suspended)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/is suspended/) as string,
  })
  expect(await into(plain)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/does not have the module usage/) as string,
  })
})

test('the gateway’s database alone is enough: an import is work of the tenant', async () => {
  const file = join(folder, 'trace.csv')
  await writeFile(file, generatedTrace(4))
  const gatewayOnly = commandLine({ DATABASE_URL: database.gatewayUrl })
  expect(await gatewayOnly(['usage', 'import', file, '--org', tenant, ...FORMAT])).toMatchObject({ code: 0 })
})

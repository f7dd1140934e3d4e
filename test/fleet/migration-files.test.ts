import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { AppError } from '../../src/errors.js'
import { loadMigrations } from '../../src/fleet/migration-files.js'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

/** A migrations folder with these files; contents do not matter unless given. */
async function folderOf(...files: (string | [string, string])[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orgscope-migrations-'))
  folders.push(folder)
  for (const place of ['public', 'tenant/core']) await mkdir(join(folder, place), { recursive: true })
  for (const entry of files) {
    const [name, sql] = typeof entry === 'string' ? [entry, 'select 1;'] : entry
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), sql)
  }
  return folder
}

async function refusalOf(folder: string): Promise<string[]> {
  const error = await loadMigrations(folder).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AppError)
  return (error as AppError).details['problems'] as string[]
}

const first = ['public/0001_a.up.sql', 'public/0001_a.down.sql'] as const

test('the installation’s own migrations are in order, core comes first', async () => {
  const { shared, modules } = await loadMigrations()
  expect(shared.migrations.map(({ version }) => version)).toEqual(
    shared.migrations.map((_, index) => index + 1),
  )
  expect([...modules.keys()].slice(0, 2)).toEqual(['core', 'usage'])
  expect(shared.migrations[0]?.up.file).toMatch(/^migrations\/public\/0001_\w+\.up\.sql$/)
})

test.each([
  ['an up without a down', ['public/0001_a.up.sql'], /public\/0001_a\.down\.sql: missing/],
  ['a down without an up', ['public/0001_a.down.sql'], /public\/0001_a\.up\.sql: missing/],
  [
    'a gap',
    [...first, 'public/0003_c.up.sql', 'public/0003_c.down.sql'],
    /public\/0003_c\.up\.sql: not the next number of its stream; expected is number 0002/,
  ],
  [
    'a number used twice',
    [...first, 'public/0001_b.up.sql', 'public/0001_b.down.sql'],
    /public\/0001_b\.up\.sql: number 0001 is taken by 0001_a/,
  ],
  [
    'a stream that does not begin at 1',
    ['public/0002_a.up.sql', 'public/0002_a.down.sql'],
    /expected is number 0001/,
  ],
  [
    'another form of name',
    [...first, 'public/2_teams.sql'],
    /public\/2_teams\.sql: not the name of a migration; expected is a name like/,
  ],
  ['a module of another form', [...first, 'tenant/My-Module/0001_a.up.sql'], /My-Module: not a module name/],
])('%s is refused, naming the file', async (_, files, problem) => {
  expect(await refusalOf(await folderOf(...files))).toContainEqual(expect.stringMatching(problem))
})

test('all problems are told at once', async () => {
  const folder = await folderOf(
    'public/0001_a.up.sql',
    'tenant/core/0002_b.up.sql',
    'tenant/core/0002_b.down.sql',
  )
  expect(await refusalOf(folder)).toHaveLength(2)
})

test('line ends do not change a checksum, other characters do', async () => {
  const checksum = async (sql: string): Promise<string | undefined> =>
    (await loadMigrations(await folderOf(['public/0001_a.up.sql', sql], 'public/0001_a.down.sql'))).shared
      .migrations[0]?.checksum
  expect(await checksum('select 1;\r\nselect 2;\r\n')).toBe(await checksum('select 1;\nselect 2;\n'))
  expect(await checksum('select 1;')).not.toBe(await checksum('select 2;'))
})

test('a file can refuse a transaction, its other direction need not', async () => {
  const folder = await folderOf(
    ['public/0001_a.up.sql', '-- why\n-- orgscope: no-transaction\nselect 1;'],
    [
      'public/0001_a.down.sql',
      '-- says nothing of orgscope: no-transaction at the start of a line\nselect 1;',
    ],
  )
  const [migration] = (await loadMigrations(folder)).shared.migrations
  expect(migration?.up.transactional).toBe(false)
  expect(migration?.down.transactional).toBe(true)
})

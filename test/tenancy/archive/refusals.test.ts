import { execFileSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { schemaOf, type TenantId } from '../../../src/tenancy/tenant-id.js'
import { buildProgram } from '../../cli/support/built-program.js'
import { commandLineOf, type CommandLine } from '../../cli/support/command-line.js'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'
import { uniqueTenant } from '../../support/database.js'

type Manifest = Record<string, unknown> & {
  files: { file: string; table: string; rows: number; bytes: number; sha256: string; columns: string[] }[]
  migrations: { module: string; version: number; checksum: string }[]
}

let gateway: TestGateway
let admin: pg.Pool
let acme: TestOrganization
let orgscope: CommandLine
let folder: string
let whole: string
let copy: string
let target: TenantId
beforeAll(async () => {
  gateway = await TestGateway.start()
  admin = gateway.database.admin
  acme = await gateway.organization()
  orgscope = commandLineOf(gateway.database)
  folder = await mkdtemp(join(tmpdir(), 'orgscope-refusals-'))
  whole = join(folder, 'whole')
  await orgscope.json('tenant', 'export', acme.id, '--to', whole)
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await gateway?.close()
})
beforeEach(async () => {
  target = uniqueTenant()
  copy = join(folder, target)
  await cp(whole, copy, { recursive: true })
})

const sha256 = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex')

/** Changes the manifest as somebody would who knows the format: with the checksum that goes with it. */
async function forge(change: (manifest: Manifest) => void): Promise<void> {
  const path = join(copy, 'manifest.json')
  const before = await readFile(path, 'utf8')
  const manifest = JSON.parse(before) as Manifest
  change(manifest)
  const after = `${JSON.stringify(manifest, null, 2)}\n`
  await writeFile(path, after)
  const sums = await readFile(join(copy, 'SHA256SUMS'), 'utf8')
  await writeFile(join(copy, 'SHA256SUMS'), sums.replace(sha256(before), sha256(after)))
}

/** Changes the lines of one file and everything that is written about it. */
async function forgeRows(table: string, change: (lines: string) => string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8')) as Manifest
  const { file } = manifest.files.find((each) => each.table === table)!
  const lines = change(gunzipSync(await readFile(join(copy, file))).toString())
  const packed = gzipSync(lines)
  await writeFile(join(copy, file), packed)
  await forge((forged) => {
    const facts = forged.files.find((each) => each.table === table)!
    Object.assign(facts, { rows: lines.split('\n').length - 1, bytes: lines.length, sha256: sha256(packed) })
  })
}

async function refusal(): Promise<string> {
  const { code, stdout, stderr } = await orgscope(['tenant', 'import', copy, '--as', target])
  expect(stdout).toBe('')
  expect(code).not.toBe(0)
  await expectNothingLeft()
  return stderr
}

async function expectNothingLeft(): Promise<void> {
  const { rows } = await admin.query(
    `select to_regnamespace($1) is not null as schema, exists (select from pg_roles where rolname = $1) as role,
       exists (select from public.organizations where org_key = $2) as organization,
       exists (select from public.schema_migrations where schema_name = $1) as ledger`,
    [schemaOf(target), target],
  )
  expect(rows).toEqual([{ schema: false, role: false, organization: false, ledger: false }])
}

test('the checksums can be checked without this program', () => {
  const output = execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], {
    cwd: whole,
    encoding: 'utf8',
  })
  expect(output).toContain('manifest.json: OK')
  expect(output).toContain('tenant/users.copy.gz: OK')
})

describe('an archive is refused before anything is written', () => {
  test('when a file was damaged', async () => {
    await writeFile(join(copy, 'tenant/users.copy.gz'), gzipSync('not what it was\n'))
    expect(await refusal()).toMatch(
      /tenant\/users\.copy\.gz does not have its checksum; it was changed or damaged/,
    )
  })

  test('when a file was cut short', async () => {
    const path = join(copy, 'tenant/roles.copy.gz')
    await writeFile(path, (await readFile(path)).subarray(0, 40))
    expect(await refusal()).toMatch(/tenant\/roles\.copy\.gz cannot be read \(unexpected end of file\)/)
  })

  test('when a file is missing', async () => {
    await rm(join(copy, 'tenant/teams.copy.gz'))
    expect(await refusal()).toMatch(/tenant\/teams\.copy\.gz cannot be read \(ENOENT/)
  })

  test('when it is not complete', async () => {
    await rm(join(copy, 'SHA256SUMS'))
    expect(await refusal()).toMatch(/is not an archive that can be read: there is no SHA256SUMS in it/)
  })

  test('when the manifest was edited', async () => {
    const path = join(copy, 'manifest.json')
    await writeFile(path, (await readFile(path, 'utf8')).replace('"enterprise"', '"free"'))
    expect(await refusal()).toMatch(/manifest\.json does not have the checksum that SHA256SUMS says/)
  })

  test.each([
    [
      'its format is newer',
      (m: Manifest) => void (m['formatVersion'] = 2),
      /format version 2, and this program reads up to 1/,
    ],
    [
      'a module is unknown',
      (m: Manifest) => void m.migrations.push({ ...m.migrations[0]!, module: 'billing' }),
      /tables of the module billing, which this program does not have/,
    ],
    [
      'a module is newer',
      (m: Manifest) => void m.migrations.push({ ...m.migrations[0]!, version: 99 }),
      /version 99 of core, and this program knows versions up to \d+; use a newer program/,
    ],
    [
      'a migration is another one',
      (m: Manifest) => void (m.migrations[0]!.checksum = '0'.repeat(64)),
      /its migration core 0001_directory is not the one of this program/,
    ],
    ['the shared schema is newer', (m: Manifest) => void (m['sharedVersion'] = 999), /version 999 of public/],
    [
      'a file lies elsewhere',
      (m: Manifest) => void (m.files[0]!.file = '../../etc/passwd'),
      /manifest\.json: files\.0\.file/,
    ],
    [
      'a column is an attack',
      (m: Manifest) => void (m.files[0]!.columns[0] = 'id) from stdin; drop schema public; --'),
      /manifest\.json: files\.0\.columns\.0/,
    ],
  ])('when %s', async (_, change, expected) => {
    await forge(change)
    expect(await refusal()).toMatch(expected)
  })
})

describe('an import that fails on the way leaves nothing', () => {
  test('when a table is missing', async () => {
    await forge((manifest) => void (manifest.files = manifest.files.filter(({ table }) => table !== 'teams')))
    expect(await refusal()).toMatch(/it lacks the tables teams/)
  })

  test('when COPY refuses a row', async () => {
    await forgeRows('roles', (lines) => lines.replace(/^[^\t]+/, 'not-a-uuid'))
    expect(await refusal()).toMatch(
      /tenant\/roles\.copy\.gz: invalid input syntax for type uuid: "not-a-uuid"; COPY roles, line 1/,
    )
  })

  test('when a row refers to nothing', async () => {
    await forgeRows('user_profiles', (lines) =>
      lines
        .split('\n')
        .slice(1)
        .concat(lines.split('\n')[0]!.replace(/^[^\t]+/, '0190a5b6-0000-7000-8000-000000000000'), '')
        .filter((line, index, all) => line !== '' || index === all.length - 1)
        .join('\n'),
    )
    expect(await refusal()).toMatch(/user_profiles: .*violates foreign key/)
  })

  test('when it brings rows that no archive may bring', async () => {
    await forge((manifest) => {
      const memberships = manifest.files.find(({ table }) => table === 'memberships')!
      Object.assign(memberships, { table: 'platform_admins' })
    })
    expect(await refusal()).toMatch(/of a table whose rows no archive may bring/)
  })
})

test('an id that is taken is refused, and so is a name', async () => {
  const again = await orgscope(['tenant', 'import', copy])
  expect(again).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /There is a tenant .* already \(active\)\. Give the imported one another id with --as\./,
    ) as string,
  })
  const named = await orgscope([
    'tenant',
    'import',
    copy,
    '--as',
    target,
    '--name',
    `Organization ${acme.id}`,
  ])
  expect(named).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/Another organization is called/) as string,
  })
  await expectNothingLeft()
})

test('a full disk stops an export with its reason and leaves no folder', async () => {
  buildProgram()
  const to = join(folder, 'full')
  const program = join(import.meta.dirname, '../../../dist/cli/main.js')
  // The process may write no file larger than 512 bytes: what a quota does, for one process.
  const script = `ulimit -f 1; exec "${process.execPath}" "${program}" tenant export ${acme.id} --to "${to}" --json`
  const environment = {
    PATH: process.env['PATH'],
    DATABASE_URL: gateway.database.gatewayUrl,
    ADMIN_DATABASE_URL: gateway.database.adminUrl,
  }
  const failed = (() => {
    try {
      execFileSync('bash', ['-c', script], { env: environment, encoding: 'utf8', stdio: 'pipe' })
      return ''
    } catch (error) {
      return (error as { stderr: string }).stderr
    }
  })()
  expect(failed).toMatch(/EFBIG|ENOSPC/)
  expect(execFileSync('ls', ['-A', folder], { encoding: 'utf8' })).not.toContain('full')
})

import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { findBinaryPackage, prepareBinaries } from '../../../src/database/embedded/binaries.js'
import { copyReadable } from '../../../src/database/embedded/copy-readable.js'
import { hydrateLinks } from '../../../src/database/embedded/library-links.js'
import { chooseServiceAccount } from '../../../src/database/embedded/service-account.js'
import { buildPortableProgram } from './support/portable-program.js'
import type { PortableProgram } from './support/portable-program.js'
import { isRoot, removeFolder, temporaryFolder, unprivileged } from './support/sandbox.js'

const installed = findBinaryPackage()
const account = isRoot ? chooseServiceAccount(undefined) : undefined
const NATIVE = ['native', 'native/lib', 'native/bin']

let program: PortableProgram

beforeAll(() => {
  program = buildPortableProgram()
})

afterAll(() => removeFolder(program.folder))

/** The binary package as npm unpacks it, in a folder of its own. */
function unpack(): string {
  const root = join(temporaryFolder(), 'package')
  copyReadable(installed.root, root)
  return root
}

/** What is missing after an installation that was not allowed to run the package's script. */
function removeLinks(root: string): void {
  for (const entry of readdirSync(root, { withFileTypes: true, recursive: true })) {
    if (entry.isSymbolicLink()) rmSync(join(entry.parentPath, entry.name))
  }
}

/** Each link with what it leads to, as `path -> path`. */
function linksIn(root: string): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((link) => `${relative(root, link)} -> ${relative(root, realpathSync(link))}`)
    .sort()
}

function linksListedIn(root: string): string[] {
  const list = JSON.parse(readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  return list.map(({ source, target }) => `${target} -> ${source}`).sort()
}

function runs(program: string): boolean {
  return spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout.includes('(PostgreSQL) 18')
}

test('library links left out by a blocked install script are created, as is the right to run programs', () => {
  const root = unpack()
  removeLinks(root)
  expect(linksIn(root)).toEqual([])
  expect(runs(join(root, 'native/bin/postgres'))).toBe(false)
  chmodSync(join(root, 'native/bin/initdb'), 0o644)

  hydrateLinks(root)
  hydrateLinks(root)
  expect(linksIn(root)).toEqual(linksListedIn(root))
  expect(runs(join(root, 'native/bin/postgres'))).toBe(true)
  expect(runs(join(root, 'native/bin/initdb'))).toBe(true)
})

test('a package without links that cannot be written is completed in a copy, made once', async () => {
  const root = unpack()
  removeLinks(root)
  for (const folder of NATIVE) chmodSync(join(root, folder), 0o555)
  onTestFinished(() => NATIVE.forEach((folder) => chmodSync(join(root, folder), 0o755)))
  const home = temporaryFolder({ owner: unprivileged })
  const copy = join(home, `postgres-binaries-${installed.version}`)
  // Root may write everywhere, so the program runs as a user who may not.
  const prepare = async () => {
    const task = { do: 'prepare binaries', source: { ...installed, root }, home } as const
    const run = await program.run(task, { ...(isRoot && { user: unprivileged }), umask: '077' })
    await run.finish()
    return run.answer
  }

  const first = await prepare()
  expect(first).toMatchObject({ binaries: { postgres: join(copy, 'native/bin/postgres') } })
  expect(first.said).toEqual([expect.stringContaining(`Copying the Postgres binaries to ${copy}`)])
  expect(runs(join(copy, 'native/bin/postgres'))).toBe(true)
  expect(await prepare()).toEqual({ ...first, said: [] })
})

test('binaries in a folder with mode 0700 run in place for its owner, and from a copy for another user', () => {
  const root = unpack()
  chmodSync(root, 0o700)
  const home = temporaryFolder()
  const leftovers = ['postgres-binaries-17.0.0', 'postgres-binaries-draft-of-an-interrupted-copy']
  for (const name of leftovers) writeFileSync(join(home, name), '')
  const said: string[] = []
  const { postgres } = prepareBinaries({ ...installed, root }, account, home, (line) => said.push(line))

  const copy = join(home, `postgres-binaries-${installed.version}`)
  expect(postgres).toBe(join(isRoot ? copy : root, 'native/bin/postgres'))
  expect(said).toHaveLength(isRoot ? 1 : 0)
  expect(readdirSync(home)).toEqual(isRoot ? [`postgres-binaries-${installed.version}`] : leftovers)
  expect(spawnSync(postgres, ['--version'], { ...unprivilegedWhenRoot(), cwd: '/' }).status).toBe(0)
})

test('binaries made for another system are refused with the way out, and not copied', () => {
  const root = unpack()
  // What the kernel finds on a system without the loader these programs ask for.
  writeFileSync(join(root, 'native/bin/postgres'), '#!/no/such/loader\n')
  const home = temporaryFolder()
  expect(() => prepareBinaries({ ...installed, root }, account, home, () => undefined)).toThrow(
    /native\/bin\/postgres cannot be run by .*ENOENT.*DATABASE_URL and ADMIN_DATABASE_URL/,
  )
  expect(readdirSync(home)).toEqual([])
})

test('a platform without binaries is named, with the way out', () => {
  for (const [platform, architecture] of [
    ['sunos', 'x64'],
    ['linux', 'mips'],
    ['win32', 'x64'],
  ] as const) {
    expect(() => findBinaryPackage(platform, architecture)).toThrow(
      new RegExp(`${platform}-${architecture}.*DATABASE_URL and ADMIN_DATABASE_URL`),
    )
  }
})

function unprivilegedWhenRoot(): { uid?: number; gid?: number } {
  return isRoot ? unprivileged : {}
}

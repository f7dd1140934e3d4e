import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { AppError } from '../errors.js'
import { packageRoot } from '../package-root.js'

/** One numbered step of a stream: how to make it, and how to take it back. */
export interface Migration {
  /** `public`, or the module whose tables it makes. */
  readonly module: string
  /** Position in its stream, counted from 1. */
  readonly version: number
  /** File name without `.up.sql`, for example `0002_teams`. */
  readonly name: string
  readonly up: MigrationScript
  readonly down: MigrationScript
  /** SHA-256 of the up script with line ends as LF, in hex. */
  readonly checksum: string
  /** True when programs from before it cannot work with what it leaves: the file says `-- orgscope: breaking`. */
  readonly breaking: boolean
  /** Version of the last breaking migration before this one; 0 when there is none. */
  readonly breakingBefore: number
  /** True when this program works without it as well (an index, say): the file says `-- orgscope: optional`. */
  readonly optional: boolean
}

/** A file of SQL. */
export interface MigrationScript {
  /** Path relative to the package, for messages. */
  readonly file: string
  readonly sql: string
  /** False when the file says `-- orgscope: no-transaction`. */
  readonly transactional: boolean
}

/** The migrations of one module in order, and the rows a schema gets with them. */
export interface MigrationStream {
  readonly module: string
  readonly migrations: readonly Migration[]
  /** Idempotent statements. */
  readonly defaultData: MigrationScript | undefined
}

/** Everything this installation can migrate. */
export interface MigrationCatalogue {
  readonly shared: MigrationStream
  /** Streams of tenants' modules by name, in the order in which a schema gets them: core first. */
  readonly modules: ReadonlyMap<string, MigrationStream>
}

/** A file that is missing or not called or numbered as it should be, under the linter's name for the rule. */
export interface FileProblem {
  readonly rule: 'file-name' | 'contiguous-numbers' | 'down-takes-back'
  /** Path relative to the package. */
  readonly file: string
  readonly message: string
  readonly instead: string
}

/** The files of a folder, as far as they are in order, and what is not. */
export interface MigrationFiles {
  readonly catalogue: MigrationCatalogue
  readonly problems: readonly FileProblem[]
}

/** Name of the stream of shared tables; no module has it. */
export const sharedStream = 'public'
/** The module that every tenant has. */
export const coreModule = 'core'

const STREAM_NAME = /^[a-z][a-z0-9_]*$/
const FILE_NAME = /^(\d{4})_([a-z][a-z0-9_]*)\.(up|down)\.sql$/
const DEFAULT_DATA = 'default-data.sql'

/** A line of its own, by which a file says something of itself: `-- orgscope: no-transaction`. */
function says(sql: string, word: 'no-transaction' | 'breaking' | 'optional'): boolean {
  return new RegExp(`^--\\s*orgscope:\\s*${word}\\s*$`, 'm').test(sql)
}

/**
 * Reads every stream below a folder that holds `public/` and `tenant/<module>/`. Throws BAD_USER_INPUT naming every
 * file that is wrong: a gap or a double in the numbers, an up without a down, a name of another form.
 */
export async function loadMigrations(folder?: string): Promise<MigrationCatalogue> {
  const { catalogue, problems } = await readMigrations(folder)
  if (problems.length === 0) return catalogue
  const lines = problems.map(({ file, message, instead }) => `${file}: ${message}; expected is ${instead}.`)
  throw new AppError('BAD_USER_INPUT', `The migrations are not in order:\n${lines.join('\n')}`, {
    problems: lines,
  })
}

/** Like `loadMigrations`, but hands out what is wrong. */
export async function readMigrations(folder = join(packageRoot, 'migrations')): Promise<MigrationFiles> {
  const problems: FileProblem[] = []
  const shared = await readStream(join(folder, 'public'), sharedStream, problems)
  const modules = new Map<string, MigrationStream>()
  for (const module of await moduleFolders(join(folder, 'tenant'), problems)) {
    modules.set(module, await readStream(join(folder, 'tenant', module), module, problems))
  }
  return { catalogue: { shared, modules }, problems }
}

/** The latest version of a stream; 0 when it has no migration. */
export function latestVersion(stream: MigrationStream): number {
  return stream.migrations.length
}

async function moduleFolders(folder: string, problems: FileProblem[]): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  for (const name of names) {
    if (!STREAM_NAME.test(name) || name === sharedStream) {
      problems.push({
        rule: 'file-name',
        file: shown(join(folder, name)),
        message: 'not a module name',
        instead: 'lower-case letters, digits and underscores',
      })
    }
  }
  // No optional module needs another one, so after core any fixed order will do.
  return names.sort((a, b) => Number(b === coreModule) - Number(a === coreModule) || (a < b ? -1 : 1))
}

interface Pair {
  readonly version: number
  readonly name: string
  up?: MigrationScript
  down?: MigrationScript
}

async function readStream(folder: string, module: string, problems: FileProblem[]): Promise<MigrationStream> {
  const names = (await readdir(folder)).sort()
  const pairs = new Map<string, Pair>()
  let defaultData: MigrationScript | undefined
  for (const fileName of names) {
    const path = join(folder, fileName)
    if (fileName === DEFAULT_DATA) defaultData = await readScript(path)
    else await readHalf(path, fileName, pairs, problems)
  }
  const migrations = checked(module, folder, [...pairs.values()], problems)
  return { module, migrations, defaultData }
}

async function readHalf(
  path: string,
  fileName: string,
  pairs: Map<string, Pair>,
  problems: FileProblem[],
): Promise<void> {
  const parts = FILE_NAME.exec(fileName)
  if (parts === null) {
    problems.push({
      rule: 'file-name',
      file: shown(path),
      message: 'not the name of a migration',
      instead: `a name like 0001_teams.up.sql, 0001_teams.down.sql or ${DEFAULT_DATA}`,
    })
    return
  }
  const name = `${parts[1]}_${parts[2]}`
  const pair: Pair = pairs.get(name) ?? { version: Number(parts[1]), name }
  pair[parts[3] as 'up' | 'down'] = await readScript(path)
  pairs.set(name, pair)
}

function checked(
  module: string,
  folder: string,
  pairs: readonly Pair[],
  problems: FileProblem[],
): Migration[] {
  const migrations: Migration[] = []
  let breakingBefore = 0
  for (const [index, { version, name, up, down }] of pairs.entries()) {
    const path = shown(join(folder, name))
    const missing = (direction: string): FileProblem => ({
      rule: 'down-takes-back',
      file: `${path}.${direction}.sql`,
      message: 'missing',
      instead: `a pair of ${name}.up.sql and ${name}.down.sql, because every migration can be taken back`,
    })
    if (up === undefined) problems.push(missing('up'))
    if (down === undefined) problems.push(missing('down'))
    const previous = index === 0 ? undefined : pairs[index - 1]!
    const expected = (previous?.version ?? 0) + 1
    if (version !== expected) {
      const isTaken = version === previous?.version
      problems.push({
        rule: 'contiguous-numbers',
        file: `${path}.up.sql`,
        message: isTaken
          ? `number ${number(version)} is taken by ${previous.name}`
          : `not the next number of its stream`,
        instead: `number ${number(expected)}`,
      })
    }
    if (up !== undefined && down !== undefined) {
      const breaking = says(up.sql, 'breaking')
      const optional = says(up.sql, 'optional')
      const checksum = checksumOf(up.sql)
      migrations.push({ module, version, name, up, down, checksum, breaking, breakingBefore, optional })
      if (breaking) breakingBefore = version
    }
  }
  return migrations
}

async function readScript(path: string): Promise<MigrationScript> {
  const sql = (await readFile(path, 'utf8')).replaceAll('\r\n', '\n')
  return { file: shown(path), sql, transactional: !says(sql, 'no-transaction') }
}

function checksumOf(sql: string): string {
  return createHash('sha256').update(sql).digest('hex')
}

function number(version: number): string {
  return String(version).padStart(4, '0')
}

function shown(path: string): string {
  const inside = relative(packageRoot, path)
  return inside.startsWith('..') ? path : inside
}

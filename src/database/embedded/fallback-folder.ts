import { createHash } from 'node:crypto'
import { lstatSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedServerError, reasonOf } from './embedded-server-error.js'
import { makeDirectory } from './folders.js'

/**
 * Folders tried, in this order, when the service account cannot enter the wanted one. State folders come first:
 * temporary ones are swept of files that have not changed for a month, which would ruin a database.
 */
export const FALLBACK_ROOTS: readonly string[] = ['/var/lib', '/var/tmp', '/tmp']

/** Where the data of a wanted folder may be kept instead, one place per root, the same at every start. */
export function fallbackFolders(wanted: string, roots: readonly string[]): string[] {
  const hash = createHash('sha256').update(wanted).digest('hex').slice(0, 16)
  return roots.map((root) => join(root, `orgscope-${currentUser()}-${hash}`))
}

/** Creates the first of the folders that can be created; one that is there already must be ours alone. */
export function createFallbackFolder(candidates: readonly string[]): string {
  const failures: string[] = []
  for (const candidate of candidates) {
    try {
      makeDirectory(candidate, 0o711)
    } catch (error) {
      failures.push(reasonOf(error))
      continue
    }
    if (isOursAlone(candidate)) return realpathSync(candidate)
    throw new EmbeddedServerError(
      `${candidate} is not a folder in which only user ${currentUser()} may write, so it is not safe to keep a ` +
        'database there: somebody may have put it there to read or replace the data. Remove it and start again.',
    )
  }
  throw new EmbeddedServerError(
    'The unprivileged user that runs Postgres cannot enter this folder, and no folder elsewhere can be created: ' +
      `${failures.join('; ')}. Start in a folder other users may enter (chmod o+x), or as a normal user.`,
  )
}

/** True for a folder, not a link to one, that belongs to the current user and that nobody else may write in. */
export function isOursAlone(directory: string): boolean {
  const found = lstatSync(directory, { throwIfNoEntry: false })
  return found?.isDirectory() === true && found.uid === currentUser() && (found.mode & 0o022) === 0
}

function currentUser(): number {
  return process.getuid?.() ?? 0
}

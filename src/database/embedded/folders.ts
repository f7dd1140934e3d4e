import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { isSystemError } from './embedded-server-error.js'

/** Creates one folder with exactly this mode: a strict umask would lock the service account out. */
export function makeDirectory(directory: string, mode: number): void {
  try {
    mkdirSync(directory, { mode })
    chmodSync(directory, mode)
  } catch (error) {
    // Another start may have been quicker; a file in this place is an obstacle that the next step names.
    if (!isSystemError(error, 'EEXIST')) throw error
  }
}

/** User id of the owner, or undefined when nothing is there. */
export function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

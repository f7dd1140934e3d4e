import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { isSystemError } from './embedded-server-error.js'

/** A log larger than this many bytes is put aside at the next start, replacing the one put aside before. */
const ROTATION_SIZE = 10 * 1024 * 1024

/** The file that takes what Postgres prints. */
export interface ServerLog {
  readonly path: string
  /** Open for appending; handed to the server, and to be closed by whoever opened the log. */
  readonly descriptor: number
  /** The last lines written since it was opened. */
  tail(): string
  close(): void
}

/** Opens postgres.log, readable for its owner alone: statements with their values may stand in it. */
export function openServerLog(directory: string): ServerLog {
  const path = join(directory, 'postgres.log')
  if (sizeOf(path) > ROTATION_SIZE || !isWritable(path)) renameSync(path, `${path}.1`)
  const descriptor = openSync(path, 'a+', 0o600)
  const start = fstatSync(descriptor).size
  return {
    path,
    descriptor,
    tail: () => readFrom(descriptor, start).trimEnd().split('\n').slice(-15).join('\n'),
    close: () => closeSync(descriptor),
  }
}

/** False for a file left by another user, such as root, in a folder that is ours. */
function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch (error) {
    return isSystemError(error, 'ENOENT')
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function readFrom(descriptor: number, start: number): string {
  const end = fstatSync(descriptor).size
  const buffer = Buffer.alloc(Math.min(end - start, 64 * 1024))
  const length = readSync(descriptor, buffer, 0, buffer.length, end - buffer.length)
  return buffer.toString('utf8', 0, length)
}

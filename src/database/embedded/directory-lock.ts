import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isSystemError } from './embedded-server-error.js'
import { identifyProcess, isRunning } from './process-identity.js'
import type { ProcessIdentity } from './process-identity.js'

/** A held lock; `release` may be called more than once. */
export interface DirectoryLock {
  release(): void
}

/** The process that holds a directory. */
export interface LockHolder {
  readonly heldBy: number
}

type LockFile = ProcessIdentity & { readonly released: boolean }

const PREFIX = 'lock.'

/**
 * Takes a directory for this process, or says which living process has it.
 *
 * Lock files carry a rising number and the highest one counts. Taking over from a dead process means creating
 * the next number, which `link(2)` grants to exactly one of several candidates; deleting or overwriting a stale
 * file instead would let a slow candidate remove the lock a quicker one has just taken. The highest file is
 * therefore never deleted, only marked as released.
 */
export function lockDirectory(directory: string): DirectoryLock | LockHolder {
  const self = identifyProcess(process.pid) ?? { pid: process.pid, startedAt: null }
  for (;;) {
    const highest = highestLock(directory)
    const holder = highest === 0 ? undefined : readLock(directory, highest)
    if (holder !== undefined && !holder.released && isRunning(holder)) return { heldBy: holder.pid }
    const mine = highest + 1
    if (!createLock(directory, mine, { ...self, released: false })) continue
    if (highestLock(directory) !== mine) {
      rmSync(pathOf(directory, mine), { force: true })
      continue
    }
    removeLocksBelow(directory, mine)
    return { release: () => replaceLock(directory, mine, { ...self, released: true }) }
  }
}

function pathOf(directory: string, number: number): string {
  return join(directory, `${PREFIX}${number}`)
}

function lockNumbers(directory: string): number[] {
  return readdirSync(directory)
    .map((name) => /^lock\.(\d+)$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
}

function highestLock(directory: string): number {
  return Math.max(0, ...lockNumbers(directory))
}

/** Undefined when the file vanished meanwhile or cannot be understood: both leave nobody who could hold it. */
function readLock(directory: string, number: number): LockFile | undefined {
  try {
    const content = JSON.parse(readFileSync(pathOf(directory, number), 'utf8')) as Partial<LockFile>
    if (typeof content.pid !== 'number') return undefined
    return { pid: content.pid, startedAt: content.startedAt ?? null, released: content.released === true }
  } catch (error) {
    if (error instanceof SyntaxError || isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Creates the file with its content in one step; false when that number is taken. */
function createLock(directory: string, number: number, content: LockFile): boolean {
  const draft = writeDraft(directory, content)
  try {
    linkSync(draft, pathOf(directory, number))
    return true
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

function replaceLock(directory: string, number: number, content: LockFile): void {
  try {
    renameSync(writeDraft(directory, content), pathOf(directory, number))
  } catch (error) {
    // A directory that was deleted while the server ran needs no lock any more.
    if (!isSystemError(error, 'ENOENT')) throw error
  }
}

function writeDraft(directory: string, content: LockFile): string {
  const draft = join(directory, `draft-${randomUUID()}`)
  writeFileSync(draft, `${JSON.stringify(content)}\n`, { mode: 0o644, flag: 'wx' })
  return draft
}

function removeLocksBelow(directory: string, number: number): void {
  for (const lower of lockNumbers(directory)) {
    if (lower < number) rmSync(pathOf(directory, lower), { force: true })
  }
}

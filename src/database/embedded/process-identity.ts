import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { isSystemError } from './embedded-server-error.js'

/** One run of a program: a pid alone is handed out again after its process ended, most of all in containers. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in the system's own notation; compared, never parsed. Null where the system hides it. */
  readonly startedAt: string | null
}

/** The identity of a running process, or undefined when nothing (or only a zombie) runs under that pid. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  if (!isSignalable(pid)) return undefined
  const status = process.platform === 'linux' ? statusFromProc(pid) : statusFromPs(pid)
  if (status === undefined) return { pid, startedAt: null }
  return status.ended ? undefined : { pid, startedAt: status.startedAt }
}

/** Whether that very process, and not a later one with the same pid, still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  const current = identifyProcess(identity.pid)
  if (current === undefined) return false
  // Where the system does not tell start times, a living pid has to be taken at its word.
  if (current.startedAt === null || identity.startedAt === null) return true
  return current.startedAt === identity.startedAt
}

/** Waits until the process ended; false when it still runs after `patience` ms. */
export async function waitForEnd(identity: ProcessIdentity, patience: number): Promise<boolean> {
  const deadline = performance.now() + patience
  while (isRunning(identity)) {
    if (performance.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}

/** Sends a signal; a process that is already gone is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error
  }
}

function isSignalable(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isSystemError(error, 'EPERM')
  }
}

interface ProcessStatus {
  ended: boolean
  startedAt: string
}

/** /proc/<pid>/stat, proc(5): the name stands in parentheses and may hold any character; field 22 is the start. */
function statusFromProc(pid: number): ProcessStatus | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return { ended: isEnded(fields[0]), startedAt: `${boot}/${fields[19]}` }
  } catch {
    return undefined
  }
}

function statusFromPs(pid: number): ProcessStatus | undefined {
  const { stdout } = spawnSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { PATH: '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC' },
  })
  const [state, ...startedAt] = (stdout ?? '').trim().split(/\s+/)
  return startedAt.length === 0 ? undefined : { ended: isEnded(state), startedAt: startedAt.join(' ') }
}

/** Z is a zombie that nobody has waited for, X a process being torn down. */
function isEnded(state: string | undefined): boolean {
  return state?.startsWith('Z') === true || state?.startsWith('X') === true
}

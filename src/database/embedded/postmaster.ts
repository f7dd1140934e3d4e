import { spawnSync } from 'node:child_process'
import { readFileSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedServerError } from './embedded-server-error.js'
import { identifyProcess, signal, waitForEnd } from './process-identity.js'
import type { ProcessIdentity } from './process-identity.js'
import { endSurvivors, isPostgresIn } from './survivors.js'

/** How long an orderly shutdown may take, in ms: it writes what is only in memory to the disk. */
const FAST_SHUTDOWN_PATIENCE = 60_000
/** How long an abort may take, in ms. */
const ABORT_PATIENCE = 5_000

/** What a running server says about itself in postmaster.pid. */
export interface PostmasterFile {
  readonly pid: number
  /** `starting`, `ready`, `stopping` or, on a server that only replays, `standby`; empty at first. */
  readonly status: string
}

/** Reads postmaster.pid: the pid stands in line 1, the status in line 8. Undefined without such a file. */
export function readPostmasterFile(dataDirectory: string): PostmasterFile | undefined {
  try {
    const lines = readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n')
    const pid = Number(lines[0])
    return Number.isInteger(pid) && pid > 1 ? { pid, status: (lines[7] ?? '').trim() } : undefined
  } catch {
    return undefined
  }
}

/**
 * Ends a server that an earlier, killed start left behind on this data directory. Call it only while holding the
 * directory's lock, which proves that nobody wants that server any more. Returns its pid, or undefined when there
 * was none.
 */
export async function stopOrphan(dataDirectory: string): Promise<number | undefined> {
  const found = readPostmasterFile(dataDirectory)
  if (found === undefined) return undefined
  const orphan = identifyProcess(found.pid)
  if (orphan === undefined) {
    await endSurvivors(dataDirectory)
    return undefined
  }
  if (!isPostmasterOf(orphan.pid, dataDirectory)) {
    // Another program got the dead server's pid, and Postgres would refuse to start for its sake. Removing the file
    // is safe: a child of the dead server that still runs holds its shared memory, which Postgres checks as well.
    await endSurvivors(dataDirectory)
    rmSync(join(dataDirectory, 'postmaster.pid'), { force: true })
    return undefined
  }
  await shutDown(orphan, dataDirectory)
  return orphan.pid
}

/** Stops a server: orderly (SIGINT: clients are disconnected, data is written), else by abort (SIGQUIT). */
export async function shutDown(server: ProcessIdentity, dataDirectory: string): Promise<void> {
  signal(server.pid, 'SIGINT')
  if (await waitForEnd(server, FAST_SHUTDOWN_PATIENCE)) return
  signal(server.pid, 'SIGQUIT')
  if (await waitForEnd(server, ABORT_PATIENCE)) return
  throw new EmbeddedServerError(
    `The Postgres server on ${dataDirectory} (pid ${server.pid}) ends neither on SIGINT nor on SIGQUIT. Find out ` +
      'what it waits for, end it (kill -9 as the last resort; committed data is safe), and start again.',
  )
}

/** Postgres makes the data directory its working directory, which tells a server from a later owner of its pid. */
function isPostmasterOf(pid: number, dataDirectory: string): boolean {
  const directory = realpathSync(dataDirectory)
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('ps', ['-o', 'args=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { PATH: '/bin:/usr/bin' },
    })
    return stdout.includes('postgres') && (stdout.includes(dataDirectory) || stdout.includes(directory))
  }
  return isPostgresIn(pid, directory)
}

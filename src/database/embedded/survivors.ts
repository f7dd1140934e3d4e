import { readFileSync, readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { identifyProcess, signal, waitForEnd } from './process-identity.js'

/** How long an aborted process may take to end, in ms. */
const ABORT_PATIENCE = 5_000

/**
 * Ends what a killed server left behind: a connection busy computing does not notice that its server is gone, and
 * Postgres refuses to start while it runs. Call it only when no server runs on the data directory. Systems without
 * /proc cannot tell whose process it is; there a start waits for them and says so when that takes too long.
 */
export async function endSurvivors(dataDirectory: string): Promise<void> {
  if (process.platform !== 'linux') return
  const directory = realpathSync(dataDirectory)
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isPostgresIn(name, directory))
  const survivors = pids.map((pid) => identifyProcess(Number(pid))).filter((found) => found !== undefined)
  for (const survivor of survivors) signal(survivor.pid, 'SIGQUIT')
  for (const survivor of survivors) await waitForEnd(survivor, ABORT_PATIENCE)
}

/** Every process of a Postgres server has the data directory as its working directory. */
export function isPostgresIn(pid: number | string, directory: string): boolean {
  try {
    const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
    return name === 'postgres' && readlinkSync(`/proc/${pid}/cwd`) === directory
  } catch {
    return false
  }
}

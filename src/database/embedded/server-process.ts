import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { PostgresBinaries } from './binaries.js'
import { EmbeddedServerError, reasonOf } from './embedded-server-error.js'
import { HOST, findFreePort, rememberPort, rememberedPort } from './free-port.js'
import { readPostmasterFile, shutDown } from './postmaster.js'
import { identifyProcess } from './process-identity.js'
import type { ServerHome } from './server-home.js'
import { openServerLog } from './server-log.js'
import { spawnOptionsFor } from './service-account.js'
import { watchOver } from './watchdog.js'

/** Longest time a start may take, in ms; replaying the log of a killed server is part of it. */
const START_PATIENCE = 120_000
/** How long children of a killed server may take to notice it, in ms. */
const CHILDREN_PATIENCE = 15_000
const PORT_ATTEMPTS = 5

/** A running Postgres. */
export interface ServerProcess {
  readonly port: number
  /** Resolves with a description when the server ends, wanted or not. */
  readonly ended: Promise<string>
  stop(): Promise<void>
}

/** Defaults that a small gateway needs; `settings` of the caller come after them. */
const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  max_connections: '100',
  shared_buffers: '128MB',
  password_encryption: 'scram-sha-256',
  // A transaction that creates or drops a tenant's schema locks each of its tables and indexes.
  max_locks_per_transaction: '256',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

/** Starts Postgres on the home's data directory and waits until it takes connections. */
export async function startServerProcess(
  home: ServerHome,
  binaries: PostgresBinaries,
  options: { preferredPort?: number | undefined; settings?: Readonly<Record<string, string>> | undefined },
): Promise<ServerProcess> {
  const deadline = performance.now() + CHILDREN_PATIENCE
  let wished = [options.preferredPort, rememberedPort(home.directory)]
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort(wished)
    const outcome = await launch(home, binaries, port, options.settings ?? {})
    if (typeof outcome !== 'string') {
      rememberPort(home.directory, port)
      return outcome
    }
    if (isPortTaken(outcome) && attempt < PORT_ATTEMPTS) {
      wished = []
    } else if (hasLivingChildren(outcome) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 200))
    } else {
      throw new EmbeddedServerError(outcome)
    }
  }
}

/** Somebody opened the port between the look and the start. */
function isPortTaken(failure: string): boolean {
  return failure.includes('could not create any TCP/IP sockets')
}

/** Children of a server that was killed end a moment after it, and Postgres refuses to start before that. */
function hasLivingChildren(failure: string): boolean {
  return failure.includes('pre-existing shared memory block')
}

/** One attempt; a failure comes back as its description. */
async function launch(
  home: ServerHome,
  binaries: PostgresBinaries,
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<ServerProcess | string> {
  const log = openServerLog(home.directory)
  try {
    // Detached: its own process group, so that Ctrl-C reaches the gateway only and the shutdown keeps its order.
    const child = spawn(binaries.postgres, serverArguments(home.dataDirectory, port, settings), {
      ...spawnOptionsFor(home.account),
      stdio: ['ignore', log.descriptor, log.descriptor],
      detached: true,
    })
    const ended = describeEnd(child)
    // From the first moment: a start that is killed must not leave a server behind either.
    const watchdog = child.pid === undefined ? undefined : watchOver(child.pid, home.account)
    void ended.then(() => watchdog?.dismiss())
    const failure = await waitUntilReady(child, ended, home.dataDirectory)
    if (failure === undefined) return supervise(child, ended, home, port)
    return (
      `The embedded Postgres server on ${home.dataDirectory} did not start: ${failure}. Its last words, from ` +
      `${log.path}:\n${log.tail() || '(none)'}\nRemove the cause it names and start again.`
    )
  } finally {
    log.close()
  }
}

function serverArguments(data: string, port: number, settings: Readonly<Record<string, string>>): string[] {
  const fixed = {
    listen_addresses: HOST,
    port: String(port),
    unix_socket_directories: '',
    logging_collector: 'off',
  }
  const all = { ...DEFAULT_SETTINGS, ...settings, ...fixed }
  return ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

function describeEnd(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`it could not be run: ${reasonOf(error)}`))
    child.once('exit', (code, name) =>
      resolve(name === null ? `it ended with code ${code}` : `it ended by ${name}`),
    )
  })
}

/** Undefined once the server is ready, else why it is not. */
async function waitUntilReady(
  child: ChildProcess,
  ended: Promise<string>,
  dataDirectory: string,
): Promise<string | undefined> {
  let failure: string | undefined
  void ended.then((description) => (failure = description))
  const deadline = performance.now() + START_PATIENCE
  while (failure === undefined) {
    const file = readPostmasterFile(dataDirectory)
    if (file?.pid === child.pid && file?.status === 'ready') return undefined
    if (performance.now() > deadline) {
      child.kill('SIGQUIT')
      await ended
      return `it was not ready after ${START_PATIENCE / 1000} seconds`
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return failure
}

function supervise(
  child: ChildProcess,
  ended: Promise<string>,
  home: ServerHome,
  port: number,
): ServerProcess {
  const pid = child.pid as number
  const identity = identifyProcess(pid) ?? { pid, startedAt: null }
  // A program that forgets to stop the server may still end; the watchdog then stops it.
  child.unref()
  return {
    port,
    ended,
    async stop() {
      child.ref()
      if (child.exitCode === null && child.signalCode === null) await shutDown(identity, home.dataDirectory)
      await ended
    },
  }
}

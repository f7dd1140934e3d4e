import { Client } from 'pg'
import { findBinaryPackage, prepareBinaries } from './binaries.js'
import type { BinaryPackage } from './binaries.js'
import { SUPERUSER, ensureDataDirectory, readPassword } from './data-directory.js'
import { lockDirectory } from './directory-lock.js'
import type { DirectoryLock } from './directory-lock.js'
import { EmbeddedServerError, reasonOf } from './embedded-server-error.js'
import { HOST } from './free-port.js'
import { stopOrphan } from './postmaster.js'
import { openServerHome } from './server-home.js'
import type { ServerHome } from './server-home.js'
import { startServerProcess } from './server-process.js'
import type { ServerProcess } from './server-process.js'

/** A running Postgres of our own, listening on 127.0.0.1. */
export interface EmbeddedServer {
  readonly port: number
  /** Where Postgres keeps its files; not always inside the wanted folder, see `startEmbeddedServer`. */
  readonly dataDirectory: string
  /** URL of the database `postgres` with the superuser's name and password. */
  readonly adminUrl: string
  /** Shuts down in order, disconnecting clients, and waits for the end; later calls wait for the same end. */
  stop(): Promise<void>
}

export interface EmbeddedServerOptions {
  /** Where data is kept between starts, usually `<cwd>/.orgscope`. */
  readonly directory: string
  /** Tried first; when somebody listens there, the port of the last start and then a free one is taken. */
  readonly preferredPort?: number | undefined
  /** Settings of postgresql.conf that differ from ours, such as `{ fsync: 'off' }` for tests. */
  readonly settings?: Readonly<Record<string, string>> | undefined
  /** Told what happens, one line each. */
  readonly log?: ((line: string) => void) | undefined
  /** Existing folders to go to when root's unprivileged user cannot enter `directory`; by default /var/lib first. */
  readonly fallbackRoots?: readonly string[] | undefined
}

/**
 * Starts the Postgres that comes with the program and waits until it answers. Creates the database at the first
 * start, takes over from a start that was killed, and refuses while another process has the folder. Throws
 * `EmbeddedServerError`.
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const source = findBinaryPackage()
  const home = openServerHome(options.directory, options.fallbackRoots)
  const lock = takeLock(home)
  try {
    const server = await startLocked(home, source, options)
    return { ...server, stop: once(() => server.stop().finally(() => lock.release())) }
  } catch (error) {
    lock.release()
    throw error
  }
}

async function startLocked(
  home: ServerHome,
  source: BinaryPackage,
  options: EmbeddedServerOptions,
): Promise<EmbeddedServer> {
  const log = options.log ?? (() => undefined)
  if (home.isFallback) {
    log(`The database is kept in ${home.directory}: ${home.account?.name} cannot enter ${options.directory}`)
  }
  const binaries = prepareBinaries(source, home.account, home.directory, log)
  const orphan = await stopOrphan(home.dataDirectory)
  if (orphan !== undefined) log(`Stopped the database server ${orphan}, left behind by an earlier start`)
  await ensureDataDirectory(home, binaries, { durable: options.settings?.['fsync'] !== 'off', log })
  const password = readPassword(home)
  const server = await startServerProcess(home, binaries, options)
  const adminUrl = `postgres://${SUPERUSER}:${password}@${HOST}:${server.port}/postgres`
  const version = await askVersion(server, adminUrl, home)
  log(`Postgres ${version} listens on ${HOST}:${server.port}, data in ${home.dataDirectory}`)
  return { ...reportUnwantedEnd(server, log), port: server.port, dataDirectory: home.dataDirectory, adminUrl }
}

function takeLock(home: ServerHome): DirectoryLock {
  const lock = lockOrExplain(home)
  if ('release' in lock) return lock
  throw new EmbeddedServerError(
    `The database in ${home.directory} is already in use by process ${lock.heldBy}. Stop that process first, or ` +
      'start in another folder.',
  )
}

function lockOrExplain(home: ServerHome): ReturnType<typeof lockDirectory> {
  try {
    return lockDirectory(home.directory)
  } catch (error) {
    throw new EmbeddedServerError(
      `The folder ${home.directory} for the embedded database cannot be written: ${reasonOf(error)}. It may belong ` +
        'to another user who started the program here before; start as that user, or give the folder away (chown -R).',
      { cause: error },
    )
  }
}

/** The first real connection: proves that the password fits before anybody is told that the server is there. */
async function askVersion(server: ServerProcess, adminUrl: string, home: ServerHome): Promise<string> {
  const client = new Client({ connectionString: adminUrl })
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version: string }>(
      '/* embedded.version */ show server_version',
    )
    return rows[0]?.server_version ?? 'of unknown version'
  } catch (error) {
    await server.stop()
    throw new EmbeddedServerError(
      `The embedded Postgres server on ${home.dataDirectory} started, but refuses its superuser: ${reasonOf(error)}. ` +
        `The data and the password kept beside it must come from the same start; put both back, or move ` +
        `${home.directory} away to start with an empty database.`,
      { cause: error },
    )
  } finally {
    await client.end()
  }
}

/** Says when the server ends by itself: the gateway then sees nothing but refused connections. */
function reportUnwantedEnd(server: ServerProcess, log: (line: string) => void): { stop(): Promise<void> } {
  let wanted = false
  void server.ended.then((description) => {
    if (!wanted) log(`The embedded Postgres server is gone: ${description}. Start the program again.`)
  })
  return {
    stop() {
      wanted = true
      return server.stop()
    },
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined
  return () => (result ??= work())
}

import { spawn, spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A PgBouncer of a test's own, pooling transactions in front of one server. */
export interface PgBouncer {
  /** The same database and login as the given URL, through the pooler. */
  through(url: string): string
  /** What it said so far. */
  log(): string
  stop(): Promise<void>
}

/** Where the program is, or undefined. Debian keeps it out of an ordinary user's path. */
export function findPgBouncer(): string | undefined {
  return ['pgbouncer', '/usr/sbin/pgbouncer', '/usr/local/sbin/pgbouncer'].find(
    (program) => spawnSync(program, ['--version']).status === 0,
  )
}

/** The unprivileged account `nobody`: PgBouncer refuses to run as root. */
const NOBODY = 65_534

/**
 * Starts PgBouncer in transaction mode with few connections to the server and no statement that resets them.
 *
 * @param connections - to the server, for all clients together
 */
export async function startPgBouncer(
  program: string,
  serverUrl: string,
  { connections }: { readonly connections: number },
): Promise<PgBouncer> {
  const { hostname, port, username, password } = new URL(serverUrl)
  const folder = mkdtempSync(join(tmpdir(), 'orgscope-pgbouncer-'))
  const own = await freePort()
  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  const users = file('users.txt', `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`)
  const config = file(
    'pgbouncer.ini',
    `[databases]
* = host=${hostname} port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${connections}
max_client_conn = 200
`,
  )
  const isRoot = process.getuid?.() === 0
  if (isRoot) for (const path of [folder, users, config]) chownSync(path, NOBODY, NOBODY)
  const child = spawn(program, [config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  })
  let said = ''
  const ready = new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString()
      if (said.includes('process up')) resolve()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`PgBouncer ended with ${code}: ${said}`)))
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await ready
  return {
    through(url) {
      const changed = new URL(url)
      changed.hostname = '127.0.0.1'
      changed.port = String(own)
      return changed.href
    },
    log: () => said,
    async stop() {
      child.kill('SIGINT')
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

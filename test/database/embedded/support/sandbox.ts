import { chmodSync, chownSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, onTestFinished } from 'vitest'
import { startEmbeddedServer } from '../../../../src/database/embedded/embedded-server.js'
import type {
  EmbeddedServer,
  EmbeddedServerOptions,
} from '../../../../src/database/embedded/embedded-server.js'

/** A test server may lose everything in a power cut. */
export const FAST_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

export const isRoot = process.getuid?.() === 0

/** The user that runs programs without rights: `nobody` when the tests run as root, else whoever runs them. */
export const unprivileged: { uid: number; gid: number } = isRoot ? readNobody() : ownIds()

/** A folder that every user may enter, unless the mode says otherwise; removed after the test. */
export function temporaryFolder(
  options: { mode?: number; owner?: { uid: number; gid: number } } = {},
): string {
  const folder = makeFolder()
  chmodSync(folder, options.mode ?? 0o711)
  if (isRoot && options.owner !== undefined) chownSync(folder, options.owner.uid, options.owner.gid)
  onTestFinished(() => removeFolder(folder))
  return folder
}

/** A folder as `temporaryFolder` gives, which the caller removes; root's TMPDIR may be closed to other users. */
export function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(join(isRoot ? '/tmp' : tmpdir(), 'orgscope-embedded-')))
  chmodSync(folder, 0o711)
  return folder
}

let shared: string | undefined

afterAll(() => {
  if (shared !== undefined) removeFolder(shared)
})

/**
 * The folder in which the tests of one file, which run one after the other, start a server that has been started
 * before. Each leaves it stopped and intact, and makes tables of its own.
 */
export async function folderWithDatabase(): Promise<string> {
  if (shared === undefined) {
    shared = makeFolder()
    const server = await startEmbeddedServer({ directory: shared, settings: FAST_SETTINGS })
    await server.stop()
  }
  return shared
}

/** Removes a folder even when the test took the right to do so away. */
export function removeFolder(folder: string): void {
  chmodSync(folder, 0o711)
  rmSync(folder, { recursive: true, force: true })
}

/** Starts a server that is stopped after the test, and keeps what it said. */
export async function startServer(
  options: EmbeddedServerOptions,
): Promise<EmbeddedServer & { readonly said: string[] }> {
  const said: string[] = []
  const server = await startEmbeddedServer({
    settings: FAST_SETTINGS,
    fallbackRoots: [],
    log: (line) => said.push(line),
    ...options,
  })
  onTestFinished(() => server.stop())
  return { ...server, said }
}

/** Runs one statement in a connection of its own. */
export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

/** The server's process id, from its data directory. */
export function serverPid(dataDirectory: string): number {
  return Number(readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0])
}

/** Whether anybody listens on the port. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** What a promise was rejected with; fails the test when it was not. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome instanceof Error) return outcome
  throw new Error(`expected an error, got ${String(outcome)}`)
}

function readNobody(): { uid: number; gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8').match(/^nobody:[^:]*:(\d+):(\d+):/m)
  if (line === null) throw new Error('these tests, run as root, need the user nobody in /etc/passwd')
  return { uid: Number(line[1]), gid: Number(line[2]) }
}

function ownIds(): { uid: number; gid: number } {
  return { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 }
}

/** Waits for a state that another process brings about; a test that waits in vain fails by its time limit. */
export async function until(reached: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await reached())) await new Promise((resolve) => setTimeout(resolve, 20))
}

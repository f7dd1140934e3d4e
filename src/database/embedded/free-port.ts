import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** The only address the embedded server listens on. */
export const HOST = '127.0.0.1'

/** The first of the wished ports that nobody listens on, else one the system picks. */
export async function findFreePort(wished: readonly (number | undefined)[]): Promise<number> {
  for (const port of wished) {
    if (port !== undefined && (await tryPort(port)) !== undefined) return port
  }
  const picked = await tryPort(0)
  if (picked === undefined) throw new Error(`no port can be opened on ${HOST}`)
  return picked
}

/** The port of the start before this one, so that a URL written down somewhere keeps working. */
export function rememberedPort(directory: string): number | undefined {
  try {
    const port = Number(readFileSync(join(directory, 'port'), 'utf8'))
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined
  } catch {
    return undefined
  }
}

/** Writes the port down for the next start; that it cannot be written is no reason not to serve. */
export function rememberPort(directory: string, port: number): void {
  const file = join(directory, 'port')
  try {
    // A rename also replaces a file that another user, such as root, left here.
    writeFileSync(`${file}.draft`, `${port}\n`)
    renameSync(`${file}.draft`, file)
  } catch {
    return
  }
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(undefined))
    probe.listen({ port, host: HOST, exclusive: true }, () => {
      const { port: opened } = probe.address() as AddressInfo
      probe.close(() => resolve(opened))
    })
  })
}

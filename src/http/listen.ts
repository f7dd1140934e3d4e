import type { FastifyInstance } from 'fastify'

/** The port is taken; the message says how to choose another. */
export class PortInUseError extends Error {
  constructor(
    readonly port: number,
    readonly host: string,
    options?: ErrorOptions,
  ) {
    super(
      `Port ${port} on ${host} is in use by another program. Choose another with --port or the variable PORT ` +
        '(0 takes any free one).',
      options,
    )
    this.name = 'PortInUseError'
  }
}

/**
 * Starts to accept requests and returns the base URL.
 *
 * @throws {PortInUseError} when another program has the port
 */
export async function listen(server: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    await server.listen({ host, port })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
      throw new PortInUseError(port, host, { cause: error })
    throw error
  }
  const address = server.server.address()
  const actualPort = typeof address === 'object' && address !== null ? address.port : port
  return `http://${nameOf(host)}:${actualPort}`
}

/** An address a person can open: a server that listens everywhere is reached as localhost from here. */
function nameOf(host: string): string {
  if (['0.0.0.0', '::', '127.0.0.1', '::1'].includes(host)) return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

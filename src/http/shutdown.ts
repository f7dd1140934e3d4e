import type { FastifyInstance } from 'fastify'

/**
 * Stops accepting, lets running requests finish, and cuts those that take longer than `grace` milliseconds.
 * Ends no pools: do that afterwards, since the last contexts give their connections back until this resolves.
 */
export async function closeHttpServer(server: FastifyInstance, grace: number): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), grace)
  try {
    await server.close()
  } finally {
    clearTimeout(timer)
  }
}

import type { FastifyInstance } from 'fastify'

/**
 * Stops accepting, lets running requests finish, and cuts those that take longer than `grace` milliseconds.
 * Resolves when nothing runs any more: only then may the pools be ended.
 */
export async function closeHttpServer(server: FastifyInstance, grace: number): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), grace)
  try {
    await server.close()
  } finally {
    clearTimeout(timer)
  }
}

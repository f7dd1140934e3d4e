import type { FastifyInstance } from 'fastify'

/** One thing a gateway needs in order to serve. */
export interface HealthCheck {
  readonly name: string
  readonly ok: boolean
  /** Why not, in words for an operator; no secrets, since anyone may read it. */
  readonly reason?: string
}

/** Looks at everything the gateway needs; a rejection counts as not ready. */
export type Readiness = () => Promise<readonly HealthCheck[]>

/** Probes may come from several load balancers at once: they share an answer for this long (ms). */
const REMEMBERED = 1_000
/** A check that has not answered by then counts as failed (ms). */
const PATIENCE = 4_000
/** Seconds after which a probe may come back. */
const RETRY_AFTER = 2

export const healthPaths = { live: '/health/live', ready: '/health/ready' } as const

/** Serves liveness (the process answers) and readiness (it can serve). */
export function registerHealth(server: FastifyInstance, readiness: Readiness): void {
  const check = remembered(readiness)
  server.get(healthPaths.live, (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ status: 'ok' }),
  )
  server.get(healthPaths.ready, async (_request, reply) => {
    const checks = await check()
    const ready = checks.every(({ ok }) => ok)
    reply.header('cache-control', 'no-store')
    if (!ready) reply.header('retry-after', String(RETRY_AFTER))
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'unavailable', checks })
  })
}

function remembered(readiness: Readiness): Readiness {
  let answer: Promise<readonly HealthCheck[]> | undefined
  let since = 0
  return () => {
    if (answer === undefined || Date.now() - since > REMEMBERED) {
      since = Date.now()
      answer = within(readiness)
    }
    return answer
  }
}

async function within(readiness: Readiness): Promise<readonly HealthCheck[]> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<readonly HealthCheck[]>((resolve) => {
    const check = { name: 'gateway', ok: false, reason: `No answer within ${PATIENCE / 1_000} s.` }
    timer = setTimeout(() => resolve([check]), PATIENCE)
  })
  try {
    return await Promise.race([readiness(), late])
  } catch {
    return [{ name: 'gateway', ok: false, reason: 'The checks failed.' }]
  } finally {
    clearTimeout(timer)
  }
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from './logger.js'
import { newRecord } from './request-record.js'
import { traceIdOf } from './trace-id.js'

/** Probes come every second or so; their lines would bury the others. */
const QUIET = /^\/health\/|^\/graphiql\/assets\//

/**
 * Echoes the request id and writes one line per request: what was asked for by name, how it went, how long it
 * took. Never a token, a variable, an address or a name of a person.
 */
export function registerRequestLog(server: FastifyInstance, logger: Logger): void {
  // Fastify wants properties declared before requests come; the hook below gives each its own record.
  server.decorateRequest('record')
  server.addHook('onRequest', async (request, reply) => {
    request.record = newRecord(request.id)
    reply.header('x-request-id', request.id)
  })
  server.addHook('onResponse', async (request, reply) => {
    logger[levelOf(request.url, reply.statusCode)](factsOf(request, reply), 'request')
  })
  server.addHook('onRequestAbort', async ({ record }) => {
    record.errorCodes.add('CLIENT_CLOSED_REQUEST')
  })
}

function levelOf(url: string, status: number): 'debug' | 'info' | 'warn' {
  if (status >= 500) return 'warn'
  return QUIET.test(url) ? 'debug' : 'info'
}

function factsOf(
  { record, routeOptions, headers }: FastifyRequest,
  reply: FastifyReply,
): Record<string, unknown> {
  const { requestId, api, tenant, operationName, errorCodes } = record
  const traceId = traceIdOf(headers)
  return {
    requestId,
    ...(traceId === undefined ? {} : { traceId }),
    route: routeOptions.url,
    api,
    tenant,
    operationName,
    status: reply.statusCode,
    durationMs: Math.round(reply.elapsedTime * 1_000) / 1_000,
    ...(errorCodes.size === 0 ? {} : { errorCodes: [...errorCodes] }),
  }
}

import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors.js'
import { extensionsOf, noteProblem } from './graphql-errors.js'
import type { Logger } from './logger.js'
import { newRecord } from './request-record.js'

interface ReplyError {
  readonly status: number
  readonly message: string
  readonly extensions: Readonly<Record<string, unknown>>
  readonly retryAfter?: number | undefined
}

/** Answers in the form of a GraphQL error whatever fails before or outside GraphQL. */
export function registerErrorReplies(
  server: FastifyInstance,
  logger: Logger,
  endpoints: readonly string[],
): void {
  server.setNotFoundHandler((request, reply) => {
    request.record.errorCodes.add('NOT_FOUND')
    return sendError(request, reply, {
      status: 404,
      message: `There is nothing at ${pathOf(request)}. The endpoints are ${endpoints.join(', ')}.`,
      extensions: { code: 'NOT_FOUND', endpoints },
    })
  })
  server.setErrorHandler((error, request, reply) =>
    sendError(request, reply, explain(error, request, logger)),
  )
}

/** Answers a URL that cannot be decoded: it matches no route, and no hook runs for it. */
export function answerBadUrl(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
): FastifyReply {
  request.record = newRecord(request.id)
  reply.header('x-request-id', request.id)
  return sendError(request, reply, explain(error, request, logger))
}

export function sendError(request: FastifyRequest, reply: FastifyReply, error: ReplyError): FastifyReply {
  const { status, message, extensions, retryAfter } = error
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter))
  const type = prefersGraphqlResponse(request.headers.accept)
    ? 'application/graphql-response+json'
    : 'application/json'
  return reply
    .code(status)
    .header('content-type', `${type}; charset=utf-8`)
    .send(JSON.stringify({ errors: [{ message, extensions }] }) + '\n')
}

function explain(error: unknown, request: FastifyRequest, logger: Logger): ReplyError {
  const badRequest = explainParsing(error as Partial<FastifyError>)
  if (badRequest !== undefined) {
    request.record.errorCodes.add('BAD_REQUEST')
    return badRequest
  }
  const problem = noteProblem(tooLarge(error, request) ?? error, request.record, logger)
  return {
    status: problem.status ?? 500,
    message: problem.message,
    extensions: extensionsOf(problem, request.record.requestId),
    retryAfter: problem.retryAfter,
  }
}

function tooLarge(error: unknown, { headers, routeOptions }: FastifyRequest): AppError | undefined {
  if ((error as Partial<FastifyError>).code !== 'FST_ERR_CTP_BODY_TOO_LARGE') return undefined
  const allowed = routeOptions.bodyLimit
  const length = Number(headers['content-length'])
  // A body sent in chunks is cut off at the limit: nobody knows how long it would have been.
  const asked = Number.isNaN(length) ? `more than ${allowed}` : length
  return new AppError(
    'LIMIT_EXCEEDED',
    `The request body has ${asked} bytes; at most ${allowed} are accepted.`,
    {
      limit: 'bodyBytes',
      allowed,
      asked,
    },
  )
}

/** What Fastify refuses while it reads the request; the rest is not the client's doing. */
function explainParsing({ code, statusCode, name }: Partial<FastifyError>): ReplyError | undefined {
  const refuse = (status: number, message: string): ReplyError => ({
    status,
    message,
    extensions: { code: 'BAD_REQUEST' },
  })
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return refuse(415, 'Send the request as JSON, with the header content-type: application/json.')
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return refuse(400, 'The request body is empty. Send a JSON object with the key query.')
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return undefined
  }
  if (code === 'FST_ERR_CTP_INVALID_JSON_BODY' || (name === 'SyntaxError' && statusCode === 400)) {
    return refuse(400, 'The request body is not valid JSON.')
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return refuse(statusCode, 'The request is not valid HTTP for this endpoint.')
  }
  return undefined
}

function prefersGraphqlResponse(accept = ''): boolean {
  const graphql = accept.indexOf('application/graphql-response+json')
  const json = accept.indexOf('application/json')
  return graphql >= 0 && (json < 0 || graphql < json)
}

/** The path without its query, which may hold anything; cut so that an answer stays small. */
function pathOf({ url }: FastifyRequest): string {
  const [path = ''] = url.split('?')
  return path.length > 100 ? `${path.slice(0, 99)}…` : path
}

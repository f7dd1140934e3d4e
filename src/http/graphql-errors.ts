import { HeaderMap } from '@apollo/server'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { describeError, formatError, type Problem } from '../graphql/error-format.js'
import type { Logger } from './logger.js'
import type { RequestRecord } from './request-record.js'

/** Codes of errors found before anything was executed, in a request that is otherwise well-formed. */
export const documentCodes: ReadonlySet<string> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'BAD_USER_INPUT',
])

/** Notes an error in the request's record, and in the log when it is the operator's business. */
export function noteProblem(error: unknown, record: RequestRecord, logger: Logger): Problem {
  const problem = describeError(error)
  record.errorCodes.add(problem.code)
  if (problem.level === 'warn' || problem.level === 'error') {
    const { requestId, api, tenant, operationName } = record
    const facts = { requestId, api, tenant, operationName, code: problem.code, err: problem.cause }
    logger[problem.level](facts, problem.code === 'INTERNAL_SERVER_ERROR' ? 'unexpected error' : 'outage')
  }
  return problem
}

/** Extensions as the client sees them: an internal error says nothing but where the operator finds it. */
export function extensionsOf({ code, details }: Problem, requestId: string): Record<string, unknown> {
  return code === 'INTERNAL_SERVER_ERROR' ? { code, requestId } : { code, ...details }
}

/** Makes Apollo refuse the whole request with the right status and headers; already in the client's words. */
export class Refusal extends GraphQLError {
  constructor(problem: Problem, requestId: string) {
    const headers = new HeaderMap()
    if (problem.retryAfter !== undefined) headers.set('retry-after', String(problem.retryAfter))
    const http = { status: problem.status ?? 400, headers }
    super(problem.message, { extensions: { ...extensionsOf(problem, requestId), http } })
  }
}

/** Apollo's `formatError`. */
export function formatClientError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  return error instanceof Refusal ? formatted : formatError(formatted, error)
}

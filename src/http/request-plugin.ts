import type {
  ApolloServerPlugin,
  GraphQLRequestContextWillSendResponse,
  HTTPGraphQLRequest,
} from '@apollo/server'
import type { GraphQLFormattedError } from 'graphql'
import type { ApiContext } from '../graphql/api.js'
import type { Problem } from '../graphql/error-format.js'
import type { Limits } from '../graphql/limits/limits.js'
import { documentCodes, noteProblem } from './graphql-errors.js'
import type { Logger } from './logger.js'
import type { RequestRecord } from './request-record.js'

/** What belongs to one HTTP request, as Apollo's hooks need it. */
export interface Exchange {
  readonly record: RequestRecord
  /** The API's context, once it was created. */
  context?: ApiContext
  /** True where the gateway asks with a document that it made itself of one that may be asked. */
  readonly isOwnDocument?: boolean
  /** How much this request may ask for, once it is known whose it is. */
  limits?: Limits
  /** Takes the request out of those running; there once it was let in. */
  release?: () => void
}

/** Finds the exchange of a request in Apollo's hooks, which see Apollo's HTTP request but not ours. */
export type ExchangeFinder = (request: HTTPGraphQLRequest | undefined) => Exchange | undefined

type Context = GraphQLRequestContextWillSendResponse<ApiContext>

/** Tells each request's record what happened, gives internal errors their request id, chooses the HTTP status. */
export function requestPlugin(exchangeOf: ExchangeFinder, logger: Logger): ApolloServerPlugin<ApiContext> {
  return {
    async requestDidStart(requestContext) {
      const exchange = exchangeOf(requestContext.request.http)
      if (exchange === undefined) return
      const { record, context } = exchange
      // Apollo executes on a copy of the context, which would lack private fields and leave its changes behind.
      if (context !== undefined) (requestContext as { contextValue: ApiContext }).contextValue = context
      return {
        async didResolveOperation({ operationName }) {
          if (operationName !== null) record.operationName = operationName
        },
        async willSendResponse(context) {
          finish(context, record, logger)
        },
      }
    },
    async unexpectedErrorProcessingRequest({ requestContext, error }) {
      const exchange = exchangeOf(requestContext.request.http)
      if (exchange !== undefined) noteProblem(error, exchange.record, logger)
    },
  }
}

function finish({ response, errors }: Context, record: RequestRecord, logger: Logger): void {
  if (response.body?.kind !== 'single' || errors === undefined || errors.length === 0) return
  const { singleResult } = response.body
  for (const { extensions } of singleResult.errors ?? []) nameRequest(extensions, record.requestId)
  const problems = errors.map((error) => noteProblem(error, record, logger))
  const waits = problems.flatMap(({ retryAfter }) => retryAfter ?? [])
  if (waits.length > 0) response.http.headers.set('retry-after', String(Math.max(...waits)))
  if (singleResult.data === undefined) {
    record.refusedDocument = problems.every(({ code }) => documentCodes.has(code))
    setStatus(response, commonStatus(problems))
    return
  }
  const status = outageStatus(problems)
  if (status === undefined || !isEmpty(singleResult.data)) return
  // With data, even with fields that are all null, the answer would have to be 200.
  singleResult.data = null
  setStatus(response, status)
}

function setStatus({ http }: Context['response'], status: number | undefined): void {
  if (status !== undefined) http.status = status
}

function isEmpty(data: Record<string, unknown> | null): boolean {
  // What a compiled plan leaves out because of a directive is there as undefined.
  return data === null || Object.values(data).every((value) => value === null || value === undefined)
}

function nameRequest(extensions: GraphQLFormattedError['extensions'], requestId: string): void {
  if (extensions?.['code'] === 'INTERNAL_SERVER_ERROR') extensions['requestId'] = requestId
}

/**
 * What was executed is a success to HTTP, whatever its errors say, or clients would not read them. Except when all of
 * it failed for reasons of ours: then proxies and clients shall see an outage, and may try again.
 */
function outageStatus(problems: readonly Problem[]): number | undefined {
  const status = commonStatus(problems)
  return status !== undefined && (status >= 500 || status === 429) ? status : undefined
}

/** The status that all errors agree on. */
function commonStatus(problems: readonly Problem[]): number | undefined {
  const [status, ...others] = new Set(problems.map((problem) => problem.status))
  return others.length === 0 ? status : undefined
}

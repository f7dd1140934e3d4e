import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { translatePostgresError } from '../database/postgres-error.js'
import { AppError, type ErrorDetails, type LogLevel } from '../errors.js'

/** An error as the client is told of it, and as it is logged. */
export interface Problem {
  readonly code: string
  readonly message: string
  readonly details: ErrorDetails
  /** HTTP status when it refuses the whole request; undefined leaves the choice to the caller. */
  readonly status: number | undefined
  /** Seconds after which a retry may succeed. */
  readonly retryAfter: number | undefined
  readonly level: LogLevel
  /** What went wrong inside; for the log only. */
  readonly cause: unknown
}

/** Codes that GraphQL and Apollo give to errors the client made in its document, variables or parameters. */
const CLIENT_CODES = new Set([
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'UNAUTHENTICATED',
  'FORBIDDEN',
])

const TOKEN_LIMIT = /Document contains more tha[nt] (\d+) tokens/

/** Says what a thrown thing means to the client. What is not known to be its business becomes INTERNAL_SERVER_ERROR. */
export function describeError(error: unknown): Problem {
  const root = rootOf(error)
  if (isStackOverflow(root)) return tooDeep(root)
  const known = root instanceof AppError ? root : translatePostgresError(root)
  return clientMistake(error, known) ?? (known === undefined ? internal(root) : problemOf(known))
}

/**
 * Apollo's `formatError`: message and code of the problem, place of the GraphQL error. The request id of an
 * internal error is added where the request is known.
 */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const { code, message, details } = describeError(error)
  return { ...formatted, message, extensions: { code, ...details } }
}

/** GraphQL wraps what a resolver throws, sometimes more than once. */
function rootOf(error: unknown): unknown {
  let root = error
  while (root instanceof GraphQLError && root.originalError !== undefined) root = root.originalError
  return root
}

function problemOf(error: AppError): Problem {
  const { code, message, details, status, retryAfter, level, cause } = error
  return { code, message, details, status, retryAfter, level, cause: cause ?? error }
}

/** What graphql-js or Apollo found wrong with the document, the variables or the parameters of the request. */
function clientMistake(error: unknown, known: AppError | undefined): Problem | undefined {
  if (!(error instanceof GraphQLError)) return undefined
  const limit = TOKEN_LIMIT.exec(error.message)
  if (limit !== null) return problemOf(tooManyTokens(Number(limit[1])))
  const code = codeOf(error) ?? (known === undefined && blamesDocument(error) ? 'BAD_USER_INPUT' : undefined)
  if (code === undefined) return undefined
  return {
    code,
    message: error.message,
    details: known?.details ?? {},
    status: undefined,
    retryAfter: undefined,
    level: 'info',
    cause: undefined,
  }
}

function codeOf({ extensions: { code, http } }: GraphQLError): string | undefined {
  if (typeof code === 'string') return CLIENT_CODES.has(code) ? code : undefined
  // Apollo gives some refusals a status and no code.
  const status = (http as { status?: unknown } | undefined)?.status
  return typeof status === 'number' && status >= 400 && status < 500 ? 'BAD_REQUEST' : undefined
}

/**
 * graphql-js points at the document when an argument or a variable is at fault; a failing serializer points nowhere.
 * What has no path was found before anything was executed.
 */
function blamesDocument(error: GraphQLError): boolean {
  if (error.path === undefined && error.nodes !== undefined) return true
  const root = rootOf(error)
  return root instanceof GraphQLError && root.nodes !== undefined && root.extensions['code'] === undefined
}

function tooManyTokens(allowed: number): AppError {
  // Reading stops at the limit, so what was asked is known to be more and no further.
  return new AppError('LIMIT_EXCEEDED', `The GraphQL document has more than ${allowed} tokens. Split it.`, {
    limit: 'queryTokens',
    allowed,
    asked: `more than ${allowed}`,
  })
}

/** Variables nested in thousands of levels: whatever walks them recursively, ours or a library's, overflows. */
function isStackOverflow(root: unknown): boolean {
  return root instanceof RangeError && root.message === 'Maximum call stack size exceeded'
}

function tooDeep(cause: unknown): Problem {
  const error = new AppError('LIMIT_EXCEEDED', 'The request is nested too deeply.', { limit: 'depth' })
  // Logged as well, because a recursion of ours that never ends would look the same.
  return { ...problemOf(error), level: 'error', cause }
}

function internal(cause: unknown): Problem {
  return {
    code: 'INTERNAL_SERVER_ERROR',
    message: 'Something went wrong inside the gateway. Give the request id to its operator.',
    details: {},
    status: 500,
    retryAfter: undefined,
    level: 'error',
    cause,
  }
}

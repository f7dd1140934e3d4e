/**
 * The one family of errors a client may see. Everything else that is thrown is a bug or an outage and is
 * reported as INTERNAL_SERVER_ERROR or SERVICE_UNAVAILABLE with nothing but a request id.
 */

/** Every stable `extensions.code` of the API. */
export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'TENANT_REQUIRED'
  | 'TENANT_INVALID'
  | 'TENANT_AMBIGUOUS'
  | 'TENANT_NOT_FOUND'
  | 'TENANT_SUSPENDED'
  | 'TENANT_MIGRATING'
  | 'MODULE_NOT_ENABLED'
  | 'MODULE_READ_ONLY'
  | 'BAD_REQUEST'
  | 'BAD_USER_INPUT'
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'OPERATION_RESOLUTION_FAILURE'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'PERSISTED_QUERY_ONLY'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'CONFLICT_DUPLICATE'
  | 'IDEMPOTENCY_MISMATCH'
  | 'EVENTS_EXPIRED'
  | 'LIMIT_EXCEEDED'
  | 'RATE_LIMITED'
  | 'QUOTA_EXCEEDED'
  | 'TIMEOUT'
  | 'CLIENT_CLOSED_REQUEST'
  | 'SERVICE_UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Facts a client can act on; they become `extensions` next to the code. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/** HTTP status when the error refuses the whole request, and the level it is logged at. */
const BEHAVIOUR: Record<ErrorCode, { status: number; level: LogLevel }> = {
  UNAUTHENTICATED: { status: 401, level: 'info' },
  FORBIDDEN: { status: 403, level: 'info' },
  TENANT_REQUIRED: { status: 400, level: 'info' },
  TENANT_INVALID: { status: 400, level: 'info' },
  TENANT_AMBIGUOUS: { status: 400, level: 'info' },
  TENANT_NOT_FOUND: { status: 404, level: 'info' },
  TENANT_SUSPENDED: { status: 503, level: 'info' },
  TENANT_MIGRATING: { status: 503, level: 'info' },
  MODULE_NOT_ENABLED: { status: 200, level: 'info' },
  MODULE_READ_ONLY: { status: 200, level: 'info' },
  BAD_REQUEST: { status: 400, level: 'info' },
  BAD_USER_INPUT: { status: 400, level: 'info' },
  GRAPHQL_PARSE_FAILED: { status: 400, level: 'info' },
  GRAPHQL_VALIDATION_FAILED: { status: 400, level: 'info' },
  OPERATION_RESOLUTION_FAILURE: { status: 400, level: 'info' },
  // Clients of automatic persisted queries expect an answer they can read, and then send the document.
  PERSISTED_QUERY_NOT_FOUND: { status: 200, level: 'info' },
  PERSISTED_QUERY_ONLY: { status: 400, level: 'info' },
  NOT_FOUND: { status: 200, level: 'info' },
  CONFLICT: { status: 200, level: 'info' },
  CONFLICT_DUPLICATE: { status: 200, level: 'info' },
  IDEMPOTENCY_MISMATCH: { status: 200, level: 'info' },
  EVENTS_EXPIRED: { status: 410, level: 'info' },
  LIMIT_EXCEEDED: { status: 400, level: 'info' },
  RATE_LIMITED: { status: 429, level: 'info' },
  QUOTA_EXCEEDED: { status: 429, level: 'info' },
  TIMEOUT: { status: 504, level: 'warn' },
  // Nobody is there to see it; the number is the one web servers log for it.
  CLIENT_CLOSED_REQUEST: { status: 499, level: 'info' },
  SERVICE_UNAVAILABLE: { status: 503, level: 'error' },
  INTERNAL_SERVER_ERROR: { status: 500, level: 'error' },
}

/** Every code there is. */
export const errorCodes = Object.keys(BEHAVIOUR) as readonly ErrorCode[]

/** An error meant for the client: a stable code, a message in its words, details it can act on. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails
  /** Seconds after which a retry may succeed; sent as `retry-after`. */
  readonly retryAfter: number | undefined

  constructor(
    code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
    options: { retryAfter?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.details = details
    this.retryAfter = options.retryAfter
  }

  /** HTTP status of a whole request that fails with a code, where that is no success; undefined for other codes. */
  static statusOf(code: string | undefined): number | undefined {
    if (code === undefined || !Object.hasOwn(BEHAVIOUR, code)) return undefined
    const { status } = BEHAVIOUR[code as ErrorCode]
    return status >= 400 ? status : undefined
  }

  get status(): number {
    return BEHAVIOUR[this.code].status
  }

  get level(): LogLevel {
    return BEHAVIOUR[this.code].level
  }
}

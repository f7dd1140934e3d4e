import { AppError } from '../errors.js'

/** What Postgres says of an error, as far as we read it. */
export interface PostgresError extends Error {
  readonly code: string
  readonly constraint?: string
  readonly column?: string
  readonly table?: string
  readonly detail?: string
  /** In which line of a COPY, among others. */
  readonly where?: string
}

/** Seconds after which a client may try again when the database is away. */
const RETRY_AFTER = 2

/** SQLSTATE classes and codes that mean "no server to talk to": https://www.postgresql.org/docs/current/errcodes-appendix.html */
const DOWN = /^(08...|57P0[1-5]|53300)$/
const SOCKET = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EAI_AGAIN',
])
const TERMINATED =
  /Connection terminated|timeout exceeded when trying to connect|not queryable|client was closed/i

export function isPostgresError(error: unknown): error is PostgresError {
  return (
    error instanceof Error && typeof (error as { code?: unknown }).code === 'string' && 'severity' in error
  )
}

/** True when the error says that the database could not be reached or went away, not that it refused. */
export function isDatabaseDown(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof AggregateError) return error.errors.some(isDatabaseDown)
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string') return DOWN.test(code) || SOCKET.has(code)
  return TERMINATED.test(error.message)
}

const QUERY_CANCELED = '57014'
const UNIQUE_VIOLATION = '23505'
const FOREIGN_KEY_VIOLATION = '23503'
const CHECK_VIOLATION = '23514'
const NOT_NULL_VIOLATION = '23502'
const SERIALIZATION = new Set(['40001', '40P01'])
/** Values Postgres cannot hold: numeric out of range, NUL in text, malformed text representation, bad json. */
const UNSTORABLE = /^22(003|007|008|021|P02|P05|032)$/

/**
 * A database error in the client's words, or undefined when it is none of the client's business. The name of the
 * violated constraint says the rule: `<table>_<columns>_<kind>`.
 */
export function translatePostgresError(error: unknown): AppError | undefined {
  if (isDatabaseDown(error)) {
    return new AppError(
      'SERVICE_UNAVAILABLE',
      'The database cannot be reached right now. What was not confirmed was not done; try again.',
      {},
      { retryAfter: RETRY_AFTER, cause: error },
    )
  }
  if (!isPostgresError(error)) return undefined
  if (error.code === QUERY_CANCELED) {
    return new AppError(
      'TIMEOUT',
      'The database took too long for this request. Ask for less at once.',
      {},
      { cause: error },
    )
  }
  if (SERIALIZATION.has(error.code)) {
    return new AppError(
      'CONFLICT',
      'Somebody else changed the same object at the same time. Try again.',
      {},
      { cause: error },
    )
  }
  if (UNSTORABLE.test(error.code)) {
    return new AppError(
      'BAD_USER_INPUT',
      'A value in the request cannot be stored: ' + error.message,
      {},
      { cause: error },
    )
  }
  return translateConstraint(error)
}

function translateConstraint(error: PostgresError): AppError | undefined {
  const field = fieldOf(error)
  const details = { ...(field === undefined ? {} : { field }), rule: error.constraint ?? error.code }
  const subject = field === undefined ? 'A value' : `The value of ${field}`
  switch (error.code) {
    case UNIQUE_VIOLATION:
      return new AppError('CONFLICT_DUPLICATE', `${subject} is already taken.`, details, { cause: error })
    case FOREIGN_KEY_VIOLATION:
      return error.detail?.includes('still referenced')
        ? new AppError('CONFLICT', 'The object is still in use by others.', details, { cause: error })
        : new AppError('BAD_USER_INPUT', `${subject} names an object that does not exist.`, details, {
            cause: error,
          })
    case CHECK_VIOLATION:
      return new AppError('BAD_USER_INPUT', `${subject} is outside what is allowed.`, details, {
        cause: error,
      })
    case NOT_NULL_VIOLATION:
      return new AppError('BAD_USER_INPUT', `${subject} is required.`, details, { cause: error })
    default:
      return undefined
  }
}

/** `teams_name_check` on `teams` → `name`; `team_members_team_id_fkey` → `teamId`. */
function fieldOf({ column, constraint, table }: PostgresError): string | undefined {
  if (column !== undefined) return camelCase(column)
  if (constraint === undefined || table === undefined || !constraint.startsWith(`${table}_`)) return undefined
  const middle = constraint.slice(table.length + 1).replace(/_(key|fkey|check)$/, '')
  return middle === 'pkey' ? 'id' : camelCase(middle)
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

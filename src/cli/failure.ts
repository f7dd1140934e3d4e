import { CommanderError } from 'commander'
import { ConfigError } from '../config.js'
import { EmbeddedServerError } from '../database/embedded/embedded-server-error.js'
import { isDatabaseDown, isPostgresError, translatePostgresError } from '../database/postgres-error.js'
import { AppError, type ErrorCode, type ErrorDetails } from '../errors.js'
import { PortInUseError } from '../http/listen.js'
import { exitCodes, type ExitCode } from './exit-codes.js'

/** Something a command cannot do, in words for its user. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode = exitCodes.failed,
    readonly details: ErrorDetails = {},
  ) {
    super(message)
    this.name = 'CliError'
  }
}

/** A failure as it is printed: what happened, to what, why, and what to do next. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly details: ErrorDetails
  readonly exitCode: ExitCode
}

/** Codes that mean: ask differently. */
const WRONG_USE: ReadonlySet<ErrorCode> = new Set([
  'BAD_USER_INPUT',
  'TENANT_INVALID',
  'TENANT_REQUIRED',
  'TENANT_AMBIGUOUS',
  'NOT_FOUND',
  'TENANT_NOT_FOUND',
  'MODULE_NOT_ENABLED',
  'LIMIT_EXCEEDED',
])

/** SQLSTATEs of a database in which nothing of ours was made yet: no table, no schema, no role. */
const UNPREPARED = /^(42P01|3F000|42883|42704|42501|28000)$/
const WRONG_LOGIN = new Set(['28P01', '28000'])
const NO_DATABASE = '3D000'

/** Says what a thrown thing means to the user of a command. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CliError) {
    return { code: 'FAILED', message: error.message, details: error.details, exitCode: error.exitCode }
  }
  if (error instanceof CommanderError) {
    return { code: 'USAGE', message: plain(error.message), details: {}, exitCode: exitCodes.usage }
  }
  if (error instanceof ConfigError) {
    return failure('CONFIGURATION', error.message, exitCodes.usage, { variable: error.variable })
  }
  if (error instanceof EmbeddedServerError) return failure('EMBEDDED_SERVER', error.message)
  if (error instanceof PortInUseError) return failure('PORT_IN_USE', error.message)
  const fromDatabase = databaseFailure(error)
  if (fromDatabase !== undefined) return fromDatabase
  const known = error instanceof AppError ? error : translatePostgresError(error)
  if (known !== undefined) {
    const exitCode = WRONG_USE.has(known.code) ? exitCodes.usage : exitCodes.failed
    return { code: known.code, message: known.message, details: known.details, exitCode }
  }
  return failure('INTERNAL', error instanceof Error ? `${error.name}: ${error.message}` : String(error))
}

function failure(
  code: string,
  message: string,
  exitCode: ExitCode = exitCodes.failed,
  details: ErrorDetails = {},
): Failure {
  return { code, message, details, exitCode }
}

function databaseFailure(error: unknown): Failure | undefined {
  const cause = error instanceof AppError && error.cause !== undefined ? error.cause : error
  if (isDatabaseDown(cause)) {
    return failure(
      'SERVICE_UNAVAILABLE',
      `The database cannot be reached: ${reasonOf(cause)}. Check DATABASE_URL and ADMIN_DATABASE_URL, and that the server runs.`,
    )
  }
  if (!isPostgresError(cause)) return undefined
  if (WRONG_LOGIN.has(cause.code)) {
    return failure(
      'DATABASE_LOGIN',
      `The database refuses the login: ${cause.message}. Check the user and password in DATABASE_URL and ` +
        'ADMIN_DATABASE_URL; orgscope migrate up creates the role orgscope_gateway.',
    )
  }
  if (cause.code === NO_DATABASE) {
    return failure('DATABASE_MISSING', `${cause.message}. Create it, or name another one in DATABASE_URL.`)
  }
  if (UNPREPARED.test(cause.code)) {
    return failure(
      'NOT_PREPARED',
      `The database is not prepared for this version (${cause.message}). Run: orgscope migrate up`,
    )
  }
  return undefined
}

/** An error of several addresses tried (IPv6, IPv4) has an empty message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}

/** `error: unknown command 'tenat'\n(Did you mean tenant?)` → one sentence. */
function plain(message: string): string {
  const text = message.replace(/^error: /, '').replace(/\n\(Did you mean (.*?)\?\)/, '; did you mean $1?')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

import { pino, type DestinationStream, type Logger } from 'pino'
import type { LogLevelSetting } from '../config.js'

export type { Logger } from 'pino'

/** What is written of an error: no properties beyond these, because drivers put rows and values into theirs. */
interface LoggedError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly cause?: LoggedError
}

const MOST_CAUSES = 5

/** A logger that writes one JSON object per line, to standard output unless told otherwise. */
export function createLogger(level: LogLevelSetting, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: loggedError },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}

function loggedError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error))
    return { name: typeof error, message: 'something that is not an Error was thrown' }
  const { code } = error as { code?: unknown }
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth >= MOST_CAUSES
      ? {}
      : { cause: loggedError(error.cause, depth + 1) }),
  }
}

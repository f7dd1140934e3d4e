/** The embedded database cannot be started or stopped; the message says what happened, why, and what to do. */
export class EmbeddedServerError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'EmbeddedServerError'
  }
}

/** The sentence every refusal ends with when the embedded server cannot work on this machine at all. */
export const USE_ANOTHER_SERVER =
  'Set DATABASE_URL and ADMIN_DATABASE_URL to use a Postgres server of your own instead.'

/** Text of anything thrown, for the "why" of a message. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** True for a failed system call with one of these codes, such as `ENOENT`. */
export function isSystemError(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? '')
}

/** What a command's exit code tells a pipeline. */
export const exitCodes = {
  /** Done, or there was nothing to do. */
  ok: 0,
  /** It could not be done: database away, conflict, port in use. */
  failed: 1,
  /** It was asked for in a wrong way: unknown option, bad input, no such tenant. */
  usage: 2,
  /** A part was done: some rows rejected, some tenants not migrated; or a check found something. */
  partial: 3,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The same in words, for help texts. */
export const exitCodeHelp = `
Exit codes:
  0  done, or nothing to do
  1  failed: the database is away, a conflict, the port is in use
  2  wrong use: unknown option, bad input, no such tenant
  3  partly done: some rows rejected, some tenants failed; or a check found something`

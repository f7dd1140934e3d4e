import { CommanderError } from 'commander'
import type { Invocation } from './command-context.js'
import { exitCodes, type ExitCode } from './exit-codes.js'
import { describeFailure } from './failure.js'
import { buildProgram } from './program.js'
import { Terminal } from './terminal.js'

/** Runs one command line and resolves to its exit code; every error has been printed by then. */
export async function run(args: readonly string[], invocation: Invocation): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok
  const program = buildProgram(invocation, (code) => (exitCode = code))
  try {
    await program.parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok // help or version was asked for
    if (error instanceof CommanderError && error.code === 'commander.help') return exitCodes.usage // help was printed
    const failure = describeFailure(error)
    new Terminal(invocation.streams, args.includes('--json')).fail(failure)
    return failure.exitCode
  }
}

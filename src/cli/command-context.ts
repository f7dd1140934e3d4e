import type { Command } from 'commander'
import { loadConfig, type Config, type ConfigOverrides } from '../config.js'
import { exitCodes, type ExitCode } from './exit-codes.js'
import { Terminal, type Streams } from './terminal.js'

/** What the program was started with. */
export interface Invocation {
  readonly streams: Streams
  /** The process's own by default. */
  readonly environment?: NodeJS.ProcessEnv | undefined
}

/** What every command works with. */
export interface CommandContext extends Invocation {
  readonly terminal: Terminal
  config(overrides?: ConfigOverrides): Config
}

/** A command's work; resolves to its exit code, 0 when left out. */
type Work<Options> = (
  context: CommandContext,
  options: Options,
  positional: readonly string[],
) => Promise<ExitCode | void>

/** Told the exit code of the command that ran. */
export type OnExit = (code: ExitCode) => void

/** Adds what all commands have: `--json`, examples in the help text, and how their work is run. */
export function define<Options extends object>(
  command: Command,
  invocation: Invocation,
  onExit: OnExit,
  { examples, work }: { readonly examples: readonly string[]; readonly work: Work<Options> },
): Command {
  return command
    .option('--json', 'print the result as JSON, and errors as JSON on standard error')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`)
    .action(async (...given: unknown[]) => {
      const own = given.at(-1) as Command
      const options = own.optsWithGlobals<Options & { json?: boolean }>()
      const terminal = new Terminal(invocation.streams, options.json === true)
      const config = (overrides: ConfigOverrides = {}): Config =>
        loadConfig(invocation.environment, overrides)
      onExit((await work({ ...invocation, terminal, config }, options, own.args)) ?? exitCodes.ok)
    })
}

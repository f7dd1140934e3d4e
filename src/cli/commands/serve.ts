import { InvalidArgumentError, type Command } from 'commander'
import { define, type Invocation, type OnExit } from '../command-context.js'
import type { ServeOptions } from '../serve.js'

/** `orgscope serve`: the gateway. */
export function addServeCommand(program: Command, invocation: Invocation, onExit: OnExit): void {
  const command = program
    .command('serve')
    .description('run the gateway; without DATABASE_URL it brings its own Postgres')
    .option('--demo', 'with demo tenants, and credentials of a local key to try them')
    .option('--port <port>', 'port to listen on; 0 takes any free one (PORT, 4000)', portOption)
    .option('--host <address>', 'address to listen on (HOST, 127.0.0.1)')
  define<ServeOptions>(command, invocation, onExit, {
    examples: ['orgscope serve --demo', 'orgscope serve --port 8080'],
    // Loaded when it is needed: all other commands start faster without a GraphQL server in memory.
    work: async (context, options) => (await import('../serve.js')).serve(context, options),
  })
}

function portOption(value: string): number {
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value)
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.')
}

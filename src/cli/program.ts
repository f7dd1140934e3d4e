import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { packageRoot } from '../package-root.js'
import type { Invocation, OnExit } from './command-context.js'
import { addApiKeyCommands } from './commands/api-key.js'
import { addFleetCommands } from './commands/fleet.js'
import { addMigrateCommands } from './commands/migrate.js'
import { addServeCommand } from './commands/serve.js'
import { addTenantCommands } from './commands/tenant.js'
import { addTokenCommands } from './commands/token.js'
import { addUsageCommands } from './commands/usage-import.js'
import { exitCodeHelp } from './exit-codes.js'

const overview = `
Databases:
  DATABASE_URL and ADMIN_DATABASE_URL name the databases; without them an embedded Postgres in the data
  directory (ORGSCOPE_DATA_DIR, .orgscope) is used, shared with a gateway that runs on it.
${exitCodeHelp}`

/** The whole command line. Parsing it runs the command that was asked for. */
export function buildProgram(invocation: Invocation, onExit: OnExit): Command {
  const { stdout, stderr } = invocation.streams
  const program = new Command('orgscope')
    .description('AI usage, cost and access of many organizations: a GraphQL gateway and its fleet.')
    .version(readVersion(), '--version', 'print the version')
    .option('--json', 'print results and errors as JSON')
    .helpOption('--help', 'print this help')
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false, sortSubcommands: false })
    .addHelpText('after', overview)
    .exitOverride()
    // Errors are printed once, with all others, by whoever runs the program.
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      outputError: () => {},
    })
  addServeCommand(program, invocation, onExit)
  addTenantCommands(program, invocation, onExit)
  addMigrateCommands(program, invocation, onExit)
  addFleetCommands(program, invocation, onExit)
  addTokenCommands(program, invocation, onExit)
  addApiKeyCommands(program, invocation, onExit)
  addUsageCommands(program, invocation, onExit)
  return program
}

function readVersion(): string {
  const text = readFileSync(join(packageRoot, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

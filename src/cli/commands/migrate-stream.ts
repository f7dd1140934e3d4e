import type { Command } from 'commander'
import type { FleetRunOptions, RunOutcome } from '../../fleet/fleet-run.js'
import { migrateDown } from '../../fleet/migrate-down.js'
import { loadMigrations, sharedStream, type MigrationCatalogue } from '../../fleet/migration-files.js'
import { markApplied, redoMigrations } from '../../fleet/redo.js'
import { define, type CommandContext, type Invocation, type OnExit } from '../command-context.js'
import { confirm } from '../confirm.js'
import { connected, type Connection } from '../connect.js'
import type { ExitCode } from '../exit-codes.js'
import { choosing, inWaves, runOptions, versionOption, type RunningOptions } from '../fleet-options.js'
import { describeOutcome, exitCodeOf, withReporter } from '../fleet-outcome.js'
import { counted } from '../format.js'
import { wholeNumber } from '../options.js'

/** One stream, in every chosen tenant that has it. */
interface StreamOptions extends Omit<RunningOptions, 'module'> {
  readonly module: string
  readonly yes?: boolean
}

/** `orgscope migrate down`, `redo` and `mark-applied`: the steps of one module, back, again, or only written down. */
export function addStreamCommands(migrate: Command, invocation: Invocation, onExit: OnExit): void {
  addDown(migrate, invocation, onExit)
  addRedo(migrate, invocation, onExit)
  addMarkApplied(migrate, invocation, onExit)
}

function onStream(command: Command): Command {
  return inWaves(choosing(command, { byModule: false })).option('--yes', 'do not ask')
}

interface StreamWork {
  warning(where: string): string
  /** `Took back`, in "Took back 3 steps". */
  readonly done: string
  readonly nothing: string
  run(connection: Connection, migrations: MigrationCatalogue, options: FleetRunOptions): Promise<RunOutcome>
}

/** Asks first, works while everybody watches, and says what was done. */
async function workOnStream(
  context: CommandContext,
  { module, yes, ...options }: StreamOptions,
  work: StreamWork,
): Promise<ExitCode> {
  const { only } = options
  const isShared = module === sharedStream
  await confirm(context.terminal, yes === true, {
    warning: work.warning(isShared ? 'the shared schema' : (only?.join(', ') ?? 'every tenant')),
    word: only?.length === 1 && !isShared ? (only[0] as string) : module,
  })
  const outcome = await connected(context, async (connection) => {
    const migrations = await loadMigrations()
    return withReporter(context.terminal, (running) =>
      work.run(connection, migrations, { ...runOptions(options), ...running }),
    )
  })
  context.terminal.result(outcome, describeOutcome(outcome, work))
  return exitCodeOf(outcome)
}

function addDown(migrate: Command, invocation: Invocation, onExit: OnExit): void {
  const command = onStream(
    migrate
      .command('down')
      .description('take steps back by their down files; what is in dropped tables is gone')
      .requiredOption('--module <name>', '`public`, or the module whose steps are taken back')
      .requiredOption('--to <version>', 'the version to arrive at; 0 takes everything back', versionOption),
  )
  define<StreamOptions & { to: number }>(command, invocation, onExit, {
    examples: ['orgscope migrate down --module usage --to 8 --only acme --yes'],
    work: (context, { to, ...options }) =>
      workOnStream(context, options, {
        warning: (where) =>
          `${options.module} goes back to version ${to} in ${where}; what is in dropped tables is gone.`,
        done: 'Took back',
        nothing: 'There was nothing to take back.',
        run: (connection, migrations, running) =>
          migrateDown(connection.admin(), migrations, { ...running, module: options.module, to }),
      }),
  })
}

function addRedo(migrate: Command, invocation: Invocation, onExit: OnExit): void {
  const command = onStream(
    migrate
      .command('redo')
      .description(
        'take the last steps of a module back and make them again; what is in dropped tables is gone',
      )
      .requiredOption('--module <name>', 'the module')
      .option('--steps <n>', 'how many steps', wholeNumber(1, 1_000), 1),
  )
  define<StreamOptions & { steps: number }>(command, invocation, onExit, {
    examples: ['orgscope migrate redo --module usage --only acme --yes'],
    work: (context, { steps, ...options }) =>
      workOnStream(context, options, {
        warning: (where) =>
          `The last ${counted(steps, 'step')} of ${options.module} in ${where}: taken back and made again; what is in dropped tables is gone.`,
        done: 'Back and again:',
        nothing: 'There was nothing to redo.',
        run: (connection, migrations, running) =>
          redoMigrations(connection.admin(), migrations, { ...running, module: options.module, steps }),
      }),
  })
}

function addMarkApplied(migrate: Command, invocation: Invocation, onExit: OnExit): void {
  const command = onStream(
    migrate
      .command('mark-applied')
      .description('write down that steps are applied, without running them: for schemas mended by hand')
      .requiredOption('--module <name>', 'the module')
      .requiredOption('--to <version>', 'the last version that is there already', versionOption),
  )
  define<StreamOptions & { to: number }>(command, invocation, onExit, {
    examples: ['orgscope migrate mark-applied --module usage --to 9 --only acme --yes'],
    work: (context, { to, ...options }) =>
      workOnStream(context, options, {
        warning: (where) =>
          `${where} will count as having ${options.module} up to version ${to}; nothing is run.`,
        done: 'Wrote down',
        nothing: 'Everything was written down already.',
        run: (connection, migrations, running) =>
          markApplied(connection.admin(), migrations, { ...running, module: options.module, to }),
      }),
  })
}

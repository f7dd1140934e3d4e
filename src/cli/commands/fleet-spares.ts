import type { Command } from 'commander'
import { AppError } from '../../errors.js'
import { coreModule, loadMigrations, type MigrationCatalogue } from '../../fleet/migration-files.js'
import { dropSpares, fillSpares, wantedSets } from '../../tenancy/spares/spare-pool.js'
import { listSpares } from '../../tenancy/spares/spare-schemas.js'
import { define, type Invocation, type OnExit } from '../command-context.js'
import { confirm } from '../confirm.js'
import { connected } from '../connect.js'
import { exitCodes } from '../exit-codes.js'
import { counted, listed, table } from '../format.js'
import { listOption, wholeNumber } from '../options.js'

interface SetOptions {
  readonly modules?: readonly string[]
}

/** Throws BAD_USER_INPUT for modules this version has no tables for: a spare of them would be one without them. */
function checked(modules: readonly string[], migrations: MigrationCatalogue): readonly string[] {
  const available = [...migrations.modules.keys()].filter((module) => module !== coreModule)
  const unknown = modules.filter((module) => !available.includes(module))
  if (unknown.length === 0) return modules
  throw new AppError(
    'BAD_USER_INPUT',
    `This installation has no tables for ${unknown.join(', ')}. There are: ${available.join(', ')}.`,
    { field: 'modules', unknown },
  )
}

/** `orgscope fleet spares …`: schemas that wait for an organization. */
export function addSpareCommands(fleet: Command, invocation: Invocation, onExit: OnExit): void {
  const spares = fleet
    .command('spares')
    .description('list, make and drop ready schemas that wait for an organization')
  addList(spares, invocation, onExit)
  addFill(spares, invocation, onExit)
  addDrop(spares, invocation, onExit)
}

function addList(spares: Command, invocation: Invocation, onExit: OnExit): void {
  const command = spares.command('list', { isDefault: true }).description('list them')
  define(command, invocation, onExit, {
    examples: ['orgscope fleet spares', 'orgscope fleet spares list --json'],
    work: async (context) => {
      const all = await connected(context, async (connection) =>
        listSpares(connection.admin(), await loadMigrations()),
      )
      const rows = all.map(({ name, modules, status, isCurrent, createdAt, lastError }) => [
        name,
        listed(modules),
        status === 'ready' && !isCurrent ? 'behind' : status,
        createdAt,
        lastError ?? '',
      ])
      context.terminal.result(
        all,
        rows.length === 0
          ? 'There are no spare schemas. orgscope fleet spares fill makes some.'
          : table(['SPARE', 'MODULES', 'STATUS', 'MADE', ''], rows),
      )
    },
  })
}

function addFill(spares: Command, invocation: Invocation, onExit: OnExit): void {
  const command = spares
    .command('fill')
    .description('drop those that are of no use, and make those that are missing')
    .option('--count <number>', 'how many to have of each set of modules', wholeNumber(1, 1_000), 2)
    .option('--modules <list>', 'of these modules only (default: those of the latest tenants)', listOption)
  define<SetOptions & { count: number }>(command, invocation, onExit, {
    examples: ['orgscope fleet spares fill', 'orgscope fleet spares fill --count 10 --modules usage'],
    work: async (context, { count, modules }) => {
      const { outcome, sets } = await connected(context, async (connection) => {
        const admin = connection.admin()
        const migrations = await loadMigrations()
        const wanted =
          modules === undefined ? await wantedSets(admin, migrations) : [checked(modules, migrations)]
        const onChange = (what: string, name: string): void => {
          if (context.terminal.isWatched) context.terminal.say(`${what} ${name}`)
        }
        return {
          sets: wanted,
          outcome: await fillSpares(admin, migrations, { count, sets: wanted, onChange }),
        }
      })
      const { made, dropped, ended } = outcome
      const text =
        ended === 'elsewhere'
          ? 'Another process is filling the pool; nothing was done.'
          : `Made ${counted(made.length, 'spare schema')}, dropped ${dropped.length}. There are ${count} of each now: ${sets.map((set) => (set.length === 0 ? 'core' : set.join('+'))).join('; ')}.`
      context.terminal.result({ ...outcome, sets }, text)
      return ended === 'elsewhere' ? exitCodes.partial : exitCodes.ok
    },
  })
}

function addDrop(spares: Command, invocation: Invocation, onExit: OnExit): void {
  const command = spares
    .command('drop')
    .description('drop them all, or those of one set of modules; they belong to nobody')
    .option('--modules <list>', 'those with just these modules', listOption)
    .option('--yes', 'do not ask')
  define<SetOptions & { yes?: boolean }>(command, invocation, onExit, {
    examples: ['orgscope fleet spares drop --yes', 'orgscope fleet spares drop --modules usage --yes'],
    work: async (context, { modules, yes }) => {
      const warning = 'Spare schemas will be dropped. New organizations are made anew until there are others.'
      await confirm(context.terminal, yes === true, { warning, word: 'drop' })
      const dropped = await connected(context, async (connection) =>
        dropSpares(connection.admin(), await loadMigrations(), modules),
      )
      context.terminal.result({ dropped }, `Dropped ${counted(dropped.length, 'spare schema')}.`)
    },
  })
}

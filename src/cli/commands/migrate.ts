import { InvalidArgumentError, type Command } from 'commander'
import {
  planFleet,
  planSql,
  fleetStatus,
  type FleetStatus,
  type SchemaStatus,
} from '../../fleet/fleet-status.js'
import type { FleetPlan } from '../../fleet/fleet-plan.js'
import type { TenantSelection } from '../../fleet/fleet-tenants.js'
import { lintMigrations } from '../../fleet/lint/lint-migrations.js'
import { loadMigrations, readMigrations } from '../../fleet/migration-files.js'
import { migrateDown } from '../../fleet/migrate-down.js'
import { migrateUp, type FleetFailure, type FleetOutcome } from '../../fleet/migrate-up.js'
import { prepareCluster } from '../../database/prepare-cluster.js'
import { define, type CommandContext, type Invocation, type OnExit } from '../command-context.js'
import { confirm } from '../confirm.js'
import { connected, type Connection } from '../connect.js'
import { exitCodes, type ExitCode } from '../exit-codes.js'
import { count, counted, table } from '../format.js'
import { tenantsOption, wholeNumber } from '../options.js'
import { fleetReporter } from '../fleet-reporter.js'
import { addMigrateLint, describeFindings } from './migrate-lint.js'

type SelectionOptions = TenantSelection

interface UpOptions extends SelectionOptions {
  readonly concurrency: number
  readonly failFast?: boolean
}

interface DownOptions extends UpOptions {
  readonly module: string
  readonly to: number
  readonly yes?: boolean
}

/** `orgscope migrate …`: brings schema `public` and every tenant to the version of this program. */
export function addMigrateCommands(program: Command, invocation: Invocation, onExit: OnExit): void {
  const migrate = program.command('migrate').description('migrate the shared schema and every organization')
  addPlan(migrate, invocation, onExit)
  addUp(migrate, invocation, onExit)
  addDown(migrate, invocation, onExit)
  addStatus(migrate, invocation, onExit)
  addMigrateLint(migrate, invocation, onExit)
}

function selectable(command: Command): Command {
  return command
    .option('--only <ids>', 'only these tenants, separated by commas', tenantsOption)
    .option('--except <ids>', 'all tenants but these', tenantsOption)
}

function running(command: Command): Command {
  return selectable(command)
    .option('--concurrency <n>', 'tenants worked on at once', wholeNumber(1, 100), 8)
    .option('--fail-fast', 'begin no further tenant after the first failure')
}

function addPlan(migrate: Command, invocation: Invocation, onExit: OnExit): void {
  const command = selectable(
    migrate
      .command('plan')
      .description('show what `migrate up` would do, without doing it, and judge the files'),
  ).option('--sql', 'print the statements')
  define<SelectionOptions & { sql?: boolean }>(command, invocation, onExit, {
    examples: ['orgscope migrate plan', 'orgscope migrate plan --only acme --sql'],
    work: async (context, { sql, ...selection }) => {
      const plan = await connected(context, async (connection) =>
        planFleet(connection.admin(), await loadMigrations(), selection),
      )
      const schemas = [plan.shared, ...plan.tenants].map(({ target, steps }) => ({
        schema: target.schemaName,
        tenant: target.tenant ?? null,
        steps: steps.map(({ module, name }) => ({ module, migration: name })),
      }))
      const texts = sql === true ? planSql(plan) : undefined
      const findings = await lintMigrations(await readMigrations())
      context.terminal.result(
        { schemas, ...(texts === undefined ? {} : { sql: texts }), findings },
        texts === undefined ? describePlan(plan) : texts.join('\n'),
      )
      if (findings.length === 0) return exitCodes.ok
      context.terminal.say(describeFindings(findings))
      return exitCodes.partial
    },
  })
}

function describePlan({ shared, tenants }: FleetPlan): string {
  const schemas = [shared, ...tenants].filter(({ steps }) => steps.length > 0)
  if (schemas.length === 0) return 'Everything is up to date.'
  return schemas
    .map(
      ({ target, steps }) =>
        `${target.schemaName}\n${steps.map(({ module, name }) => `  ${module} ${name}`).join('\n')}`,
    )
    .join('\n')
}

function addUp(migrate: Command, invocation: Invocation, onExit: OnExit): void {
  const command = running(
    migrate.command('up').description('prepare the database and bring every schema to the latest version'),
  )
  define<UpOptions>(command, invocation, onExit, {
    examples: ['orgscope migrate up', 'orgscope migrate up --only acme,globex', 'orgscope migrate up --json'],
    work: async (context, options) => {
      const outcome = await connected(context, (connection) => up(context, connection, options))
      context.terminal.result(outcome, describeOutcome(outcome))
      return exitCodeOf(outcome)
    },
  })
}

async function up(
  { terminal }: CommandContext,
  connection: Connection,
  options: UpOptions,
): Promise<FleetOutcome> {
  const admin = connection.admin()
  const { warnings } = await prepareCluster({ admin, gatewayUrl: connection.installation.gatewayUrl })
  for (const warning of warnings) terminal.say(`! ${warning}`)
  const reporter = fleetReporter(terminal)
  try {
    return await migrateUp(admin, await loadMigrations(), { ...options, onProgress: reporter.report })
  } finally {
    reporter.stop()
  }
}

function describeOutcome({ steps, tenants, failures, untouched, unknown }: FleetOutcome): string {
  const lines = [
    steps === 0 && failures.length === 0
      ? 'Everything is up to date.'
      : `Applied ${counted(steps, 'step')}; ${counted(tenants, 'tenant')} had something to do.`,
    ...failures.map(describeFleetFailure),
  ]
  if (untouched.length > 0) lines.push(`Not tried: ${untouched.join(', ')}.`)
  if (unknown.length > 0) {
    lines.push(`The database has ${counted(unknown.length, 'step')} of a newer version of this program.`)
  }
  const tenantFailures = failures.flatMap(({ tenant }) => (tenant === undefined ? [] : [tenant]))
  if (tenantFailures.length > 0) {
    lines.push(`Retry with: orgscope migrate up --only ${[...new Set(tenantFailures)].join(',')}`)
  }
  return lines.join('\n')
}

function describeFleetFailure({
  tenant,
  schemaName,
  module,
  migration,
  reason,
  heldBy,
}: FleetFailure): string {
  const held = heldBy === undefined ? '' : ` (held by pid ${heldBy})`
  return `! ${tenant ?? schemaName}: ${module} ${migration}: ${reason}${held}`
}

function exitCodeOf({ failures, tenants }: { failures: readonly FleetFailure[]; tenants: number }): ExitCode {
  if (failures.length === 0) return exitCodes.ok
  const failed = new Set(failures.map(({ schemaName }) => schemaName)).size
  return failed >= tenants || failures.some(({ tenant }) => tenant === undefined)
    ? exitCodes.failed
    : exitCodes.partial
}

function addDown(migrate: Command, invocation: Invocation, onExit: OnExit): void {
  const command = running(
    migrate
      .command('down')
      .description('take steps back by their down files; what is in dropped tables is gone'),
  )
    .requiredOption('--module <name>', '`public`, or the module whose steps are taken back')
    .requiredOption('--to <version>', 'the version to arrive at; 0 takes everything back', versionOption)
    .option('--yes', 'do not ask')
  define<DownOptions>(command, invocation, onExit, {
    examples: ['orgscope migrate down --module usage --to 8 --only acme --yes'],
    work: async (context, { yes, ...options }) => {
      const { only, module, to } = options
      const where = module === 'public' ? 'the shared schema' : (only?.join(', ') ?? 'every tenant')
      await confirm(context.terminal, yes === true, {
        warning: `${module} goes back to version ${to} in ${where}; what is in dropped tables is gone.`,
        word: only?.length === 1 && module !== 'public' ? (only[0] as string) : module,
      })
      const reporter = fleetReporter(context.terminal)
      const outcome = await connected(context, async (connection) =>
        migrateDown(connection.admin(), await loadMigrations(), { ...options, onProgress: reporter.report }),
      ).finally(() => reporter.stop())
      const { steps, schemas, failures } = outcome
      const text = `Took back ${counted(steps, 'step')} in ${counted(schemas, 'schema')}.`
      context.terminal.result(outcome, [text, ...failures.map(describeFleetFailure)].join('\n'))
      return exitCodeOf({ failures, tenants: schemas })
    },
  })
}

function versionOption(value: string): number {
  if (/^\d{1,4}$/.test(value)) return Number(value)
  throw new InvalidArgumentError('It must be the number of a migration, or 0.')
}

function addStatus(migrate: Command, invocation: Invocation, onExit: OnExit): void {
  const command = selectable(
    migrate.command('status').description('show how far the shared schema and every organization are'),
  ).option('--check', 'end with exit code 3 when something is not up to date')
  define<SelectionOptions & { check?: boolean }>(command, invocation, onExit, {
    examples: ['orgscope migrate status', 'orgscope migrate status --check'],
    work: async (context, { check, ...selection }) => {
      const status = await connected(context, async (connection) =>
        fleetStatus(connection.admin(), await loadMigrations(), selection),
      )
      context.terminal.result(status, describeStatus(status))
      const isUpToDate = [status.shared, ...status.tenants].every((schema) => schema.isUpToDate)
      return check === true && !isUpToDate ? exitCodes.partial : exitCodes.ok
    },
  })
}

/** Tenants that are up to date are only counted: there may be ten thousand. */
function describeStatus({ shared, tenants, modules, unknown }: FleetStatus): string {
  const behind = tenants.filter(({ isUpToDate, unfinished }) => !isUpToDate || unfinished.length > 0)
  const summary = table(
    ['MODULE', 'LATEST', 'TENANTS', 'UP TO DATE'],
    modules.map(({ module, latest, tenants: all, upToDate }) => [
      module,
      String(latest),
      count(all),
      count(upToDate),
    ]),
  )
  const lines = [`public ${versionsOf(shared)}`, summary]
  if (behind.length > 0) {
    lines.push('', ...behind.map((tenant) => `! ${tenant.tenant} (${tenant.state}): ${versionsOf(tenant)}`))
    lines.push('Run: orgscope migrate up')
  } else if (!shared.isUpToDate) lines.push('Run: orgscope migrate up')
  if (unknown.length > 0) {
    lines.push(`The database has ${counted(unknown.length, 'step')} of a newer version of this program.`)
  }
  return lines.join('\n')
}

function versionsOf({ streams, unfinished }: SchemaStatus): string {
  const versions = streams.map(({ module, version, latest }) =>
    version === latest ? `${module} ${version}` : `${module} ${version} of ${latest}`,
  )
  const left = unfinished.length === 0 ? '' : `; ${counted(unfinished.length, 'unfinished step')}`
  return versions.join(', ') + left
}

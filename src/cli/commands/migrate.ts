import type { Command } from 'commander'
import {
  planFleet,
  planSql,
  fleetStatus,
  type FleetStatus,
  type SchemaStatus,
} from '../../fleet/fleet-status.js'
import type { FleetPlan } from '../../fleet/fleet-plan.js'
import { lintMigrations } from '../../fleet/lint/lint-migrations.js'
import { loadMigrations, readMigrations } from '../../fleet/migration-files.js'
import { migrateUp } from '../../fleet/migrate-up.js'
import { prepareCluster } from '../../database/prepare-cluster.js'
import { define, type CommandContext, type Invocation, type OnExit } from '../command-context.js'
import { connected, type Connection } from '../connect.js'
import { exitCodes } from '../exit-codes.js'
import {
  choosing,
  inWaves,
  runOptions,
  selectionOf,
  targetsOption,
  type ChoosingOptions,
  type RunningOptions,
} from '../fleet-options.js'
import { describeOutcome, exitCodeOf, withReporter } from '../fleet-outcome.js'
import { count, counted, table } from '../format.js'
import { addMigrateLint, describeFindings } from './migrate-lint.js'
import { addStreamCommands } from './migrate-stream.js'

interface UpOptions extends RunningOptions {
  readonly target?: Readonly<Record<string, number>>
}

/** `orgscope migrate …`: brings schema `public` and every tenant to the version of this program. */
export function addMigrateCommands(program: Command, invocation: Invocation, onExit: OnExit): void {
  const migrate = program.command('migrate').description('migrate the shared schema and every organization')
  addPlan(migrate, invocation, onExit)
  addUp(migrate, invocation, onExit)
  addStreamCommands(migrate, invocation, onExit)
  addStatus(migrate, invocation, onExit)
  addMigrateLint(migrate, invocation, onExit)
}

function addPlan(migrate: Command, invocation: Invocation, onExit: OnExit): void {
  const command = choosing(
    migrate
      .command('plan')
      .description('show what `migrate up` would do, without doing it, and judge the files'),
  ).option('--sql', 'print the statements')
  define<ChoosingOptions & { sql?: boolean }>(command, invocation, onExit, {
    examples: ['orgscope migrate plan', 'orgscope migrate plan --only acme --sql'],
    work: async (context, { sql, ...options }) => {
      const plan = await connected(context, async (connection) =>
        planFleet(connection.admin(), await loadMigrations(), selectionOf(options)),
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
  const command = inWaves(
    choosing(
      migrate
        .command('up')
        .description('prepare the database and bring every schema to the latest version')
        .option(
          '--target <module=version,…>',
          'only these modules, up to these versions, such as usage=8',
          targetsOption,
        ),
    ),
  )
  define<UpOptions>(command, invocation, onExit, {
    examples: [
      'orgscope migrate up',
      'orgscope migrate up --only acme,globex',
      'orgscope migrate up --canary 5% --wave-size 200 --max-failure-rate 1',
      'orgscope migrate up --skip-dormant P90D --json',
    ],
    work: async (context, options) => {
      const outcome = await connected(context, (connection) => up(context, connection, options))
      const text = describeOutcome(outcome, { done: 'Applied', nothing: 'Everything is up to date.' })
      const newer =
        outcome.unknown.length === 0
          ? ''
          : `\nThe database has ${counted(outcome.unknown.length, 'step')} of a newer version of this program.`
      context.terminal.result(outcome, text + newer)
      return exitCodeOf(outcome)
    },
  })
}

async function up({ terminal }: CommandContext, connection: Connection, options: UpOptions) {
  const admin = connection.admin()
  const { warnings } = await prepareCluster({ admin, gatewayUrl: connection.installation.gatewayUrl })
  for (const warning of warnings) terminal.say(`! ${warning}`)
  const migrations = await loadMigrations()
  return withReporter(terminal, (running) =>
    migrateUp(admin, migrations, { ...runOptions(options), ...running, targets: options.target }),
  )
}

function addStatus(migrate: Command, invocation: Invocation, onExit: OnExit): void {
  const command = choosing(
    migrate.command('status').description('show how far the shared schema and every organization are'),
  ).option('--check', 'end with exit code 3 when something is not up to date')
  define<ChoosingOptions & { check?: boolean }>(command, invocation, onExit, {
    examples: ['orgscope migrate status', 'orgscope migrate status --check'],
    work: async (context, { check, ...options }) => {
      const status = await connected(context, async (connection) =>
        fleetStatus(connection.admin(), await loadMigrations(), selectionOf(options)),
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

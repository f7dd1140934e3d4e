import type { Command } from 'commander'
import { resumeFleetRun } from '../../fleet/fleet-run.js'
import { loadMigrations } from '../../fleet/migration-files.js'
import { cancelRun, pauseRun } from '../../fleet/run-control.js'
import {
  fleetRunStatuses,
  listRuns,
  showRun,
  type FleetRun,
  type FleetRunItem,
  type FleetRunStatus,
} from '../../fleet/run-record.js'
import { watchRun } from '../../fleet/watch-run.js'
import { define, type Invocation, type OnExit } from '../command-context.js'
import { connected } from '../connect.js'
import { exitCodes, type ExitCode } from '../exit-codes.js'
import { helping } from '../fleet-options.js'
import { describeOutcome, exitCodeOf, withReporter } from '../fleet-outcome.js'
import { count, counted, facts, table } from '../format.js'
import { choicesOption, wholeNumber } from '../options.js'
import { createProgress } from '../progress.js'
import { untilStopped } from '../stop-signals.js'
import { addDrift } from './fleet-drift.js'
import { addSpareCommands } from './fleet-spares.js'

const RUN = 'id of a run, or `latest`'

/** `orgscope fleet …`: the runs over many organizations, while they go on and afterwards. */
export function addFleetCommands(program: Command, invocation: Invocation, onExit: OnExit): void {
  const fleet = program
    .command('fleet')
    .description('look after the schemas of all organizations: runs over many of them, drift, spares')
  addRuns(fleet, invocation, onExit)
  addShow(fleet, invocation, onExit)
  addWatch(fleet, invocation, onExit)
  addResume(fleet, invocation, onExit)
  addPauseAndCancel(fleet, invocation, onExit)
  addDrift(fleet, invocation, onExit)
  addSpareCommands(fleet, invocation, onExit)
}

function addRuns(fleet: Command, invocation: Invocation, onExit: OnExit): void {
  const command = fleet
    .command('runs')
    .description('list runs, newest first')
    .option(
      '--status <list>',
      `only in these states, of ${fleetRunStatuses.join(', ')}`,
      choicesOption(fleetRunStatuses),
    )
    .option('--limit <n>', 'how many', wholeNumber(1, 10_000), 20)
  define<{ status?: readonly FleetRunStatus[]; limit: number }>(command, invocation, onExit, {
    examples: ['orgscope fleet runs', 'orgscope fleet runs --status running,paused'],
    work: async (context, { status, limit }) => {
      const runs = await connected(context, (connection) =>
        listRuns(connection.admin(), { statuses: status, limit }),
      )
      const rows = runs.map((run) => [
        run.id,
        describeWork(run),
        run.status,
        `${count(run.counts.succeeded)}/${count(run.total)}`,
        count(run.counts.failed),
        run.createdAt.slice(0, 19),
      ])
      context.terminal.result(
        { runs },
        rows.length === 0
          ? 'There are no runs.'
          : table(['RUN', 'WORK', 'STATUS', 'DONE', 'FAILED', 'CREATED'], rows),
      )
    },
  })
}

function addShow(fleet: Command, invocation: Invocation, onExit: OnExit): void {
  const command = fleet
    .command('show')
    .description('show a run with its tenants; those that are done are listed with --json only')
    .argument('[run]', RUN, 'latest')
  define<object>(command, invocation, onExit, {
    examples: ['orgscope fleet show latest', 'orgscope fleet show latest --json'],
    work: async (context, _, [id]) => {
      const run = await connected(context, (connection) => showRun(connection.admin(), id ?? 'latest'))
      context.terminal.result(run, describeRun(run))
    },
  })
}

function describeRun({ items, ...run }: FleetRun & { readonly items: readonly FleetRunItem[] }): string {
  const { counts } = run
  const lines = [
    facts([
      ['run', run.id],
      ['work', describeWork(run)],
      ['status', run.error === null ? run.status : `${run.status}: ${run.error}`],
      ['wave', `${run.wave + (run.waves > 0 ? 1 : 0)} of ${run.waves}`],
      [
        'tenants',
        Object.entries(counts)
          .map(([status, number]) => `${count(number)} ${status}`)
          .join(', '),
      ],
      ['runners', run.runners.length === 0 ? 'none' : run.runners.join(', ')],
      ['created', run.createdAt],
      ['finished', run.finishedAt ?? ''],
    ]),
  ]
  for (const { status, tenant, schemaName, lastStep, error, runner, attempts } of items) {
    const name = tenant ?? schemaName
    if (status === 'failed') lines.push(`! ${name}: ${lastStep}: ${error} (${counted(attempts, 'attempt')})`)
    else if (status === 'running') lines.push(`  ${name}: running by ${runner}`)
    else if (status === 'skipped') lines.push(`  ${name}: left out, ${error}`)
  }
  return lines.join('\n')
}

function describeWork({ kind, module, targetVersion, targetVersions }: FleetRun): string {
  switch (kind) {
    case 'migrate':
      return `migrate to ${Object.entries(targetVersions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}`
    case 'rollback':
      return `roll ${module} back to ${targetVersion}`
    case 'redo':
      return `redo the last ${counted(targetVersion ?? 0, 'step')} of ${module}`
    case 'mark_applied':
      return `mark ${module} as applied to ${targetVersion}`
  }
}

function addWatch(fleet: Command, invocation: Invocation, onExit: OnExit): void {
  const command = fleet
    .command('watch')
    .description('follow a run until it comes to rest; with --json a line for every change')
    .argument('[run]', RUN, 'latest')
  define<object>(command, invocation, onExit, {
    examples: ['orgscope fleet watch', 'orgscope fleet watch latest --json'],
    work: async (context, _, [id]) => {
      const progress = createProgress(context.terminal)
      const stopped = untilStopped()
      const stopping = new AbortController()
      void stopped.signal.then(() => stopping.abort())
      try {
        return await connected(context, async (connection) => {
          let last: FleetRun | undefined
          for await (const run of watchRun(connection.admin(), id ?? 'latest', { signal: stopping.signal })) {
            last = run
            context.terminal.line(run)
            const { succeeded, failed } = run.counts
            progress.show('tenants', succeeded + failed, run.total)
          }
          progress.stop()
          if (last !== undefined && !context.terminal.json) context.terminal.result(last, summaryOf(last))
          return last === undefined ? exitCodes.ok : exitCodeOfRun(last)
        })
      } finally {
        progress.stop()
        stopped.release()
      }
    },
  })
}

function summaryOf({ id, status, error, counts, total }: FleetRun): string {
  const why = error === null ? '' : `: ${error}`
  return `Run ${id} ${status}${why}. ${count(counts.succeeded)} of ${counted(total, 'tenant')} done, ${count(counts.failed)} failed.`
}

/** The same for whoever only watches as for whoever runs. */
function exitCodeOfRun({ status, counts, total }: FleetRun): ExitCode {
  if (status === 'succeeded' || status === 'running' || status === 'pending') return exitCodes.ok
  return status === 'failed' && total > 0 && counts.failed >= total ? exitCodes.failed : exitCodes.partial
}

function addResume(fleet: Command, invocation: Invocation, onExit: OnExit): void {
  const command = helping(
    fleet
      .command('resume')
      .description(
        'go on with a run that was interrupted, paused or failed, or help with one that is running',
      )
      .argument('<run>', RUN),
  )
  define<{ concurrency: number }>(command, invocation, onExit, {
    examples: ['orgscope fleet resume latest'],
    work: async (context, { concurrency }, [id]) => {
      const outcome = await connected(context, async (connection) => {
        const migrations = await loadMigrations()
        return withReporter(context.terminal, (running) =>
          resumeFleetRun(connection.admin(), migrations, id as string, { concurrency, ...running }),
        )
      })
      const words = { done: 'Did', nothing: 'There was nothing left to do.' }
      context.terminal.result(outcome, describeOutcome(outcome, words))
      return exitCodeOf(outcome)
    },
  })
}

function addPauseAndCancel(fleet: Command, invocation: Invocation, onExit: OnExit): void {
  const commands = [
    { name: 'pause', work: pauseRun, description: 'begin no further tenant; the run can be resumed' },
    { name: 'cancel', work: cancelRun, description: 'end a run for good; what is done stays' },
  ]
  for (const { name, work, description } of commands) {
    const command = fleet.command(name).description(description).argument('<run>', RUN)
    define<object>(command, invocation, onExit, {
      examples: [`orgscope fleet ${name} latest`],
      work: async (context, _, [id]) => {
        const run = await connected(context, (connection) => work(connection.admin(), id as string))
        context.terminal.result(run, summaryOf(run))
      },
    })
  }
}

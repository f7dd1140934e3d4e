import type pg from 'pg'
import { withClient } from '../database/owner-transaction.js'
import { AppError } from '../errors.js'
import type { TenantId } from '../tenancy/tenant-id.js'
import { isTenantId } from '../tenancy/tenant-id.js'
import type { TenantSelection } from './fleet-tenants.js'
import { readLedger, verifyLedger } from './ledger.js'
import { latestVersion, type MigrationCatalogue } from './migration-files.js'
import { reopenRun } from './run-control.js'
import { findRun, readItems, type FleetRun, type FleetRunItem, type FleetRunStatus } from './run-record.js'
import {
  boundedConcurrency,
  workOnRun,
  type FleetFailure,
  type RunnerOptions,
  type RunnerOutcome,
} from './runner.js'
import type { RunWork } from './schema-actions.js'
import { startRun } from './start-run.js'
import type { LockPatience } from './step-runner.js'
import type { FailureLimits, WavePlan } from './waves.js'

/** Where a run works, in which waves, when it stops, and how its runner goes about it. */
export interface FleetRunOptions extends TenantSelection, WavePlan, RunnerOptions {
  /** Tenants that may fail before the run stops; by default any number. */
  readonly maxFailures?: number | undefined
  /** Percent of a wave that may fail before the run stops. */
  readonly maxFailureRate?: number | undefined
  /** Begin no further tenant after the first failure: `maxFailures` of none. */
  readonly failFast?: boolean | undefined
  readonly patience?: LockPatience | undefined
}

/** How a run over tenants ended, as far as this process saw it. */
export interface RunOutcome {
  /** The run that was recorded; undefined when no tenant had anything to do. */
  readonly run: string | undefined
  readonly status: FleetRunStatus | undefined
  /** Why it stopped, when it did not come to its end. */
  readonly stopped: string | undefined
  /** Steps this process did in tenants. */
  readonly steps: number
  /** Tenants that had something to do. */
  readonly tenants: number
  readonly failures: readonly FleetFailure[]
  /** Tenants not tried, because the run stopped. */
  readonly untouched: readonly TenantId[]
  /** Tenants left out, because nobody uses them or they are gone. */
  readonly skipped: readonly TenantId[]
}

/** How it ended where there was nothing to record. */
export const NO_RUN: RunOutcome = {
  run: undefined,
  status: undefined,
  stopped: undefined,
  steps: 0,
  tenants: 0,
  failures: [],
  untouched: [],
  skipped: [],
}

/** Records a run, or joins an equal one that is going on, and works on it to its end. Throws like `startRun`. */
export async function runFleet(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  work: RunWork,
  options: FleetRunOptions,
  shared = 0,
): Promise<RunOutcome> {
  const { only, except, plans, modules, dormantFor } = options
  const started = await startRun(admin, catalogue, {
    work,
    selection: { only, except, plans, modules, dormantFor },
    patience: options.patience,
    canary: options.canary,
    waveSize: options.waveSize,
    ...limitsOf(options),
  })
  options.onProgress?.({
    type: 'planned',
    shared,
    tenants: started?.run.total ?? 0,
    steps: started?.steps ?? 0,
    concurrency: boundedConcurrency(admin, options.concurrency),
    run: started?.run.id,
    joined: started?.joined,
  })
  return started === undefined ? NO_RUN : workToTheEnd(admin, catalogue, started.run, options)
}

/**
 * Goes on with a run that was interrupted, paused or failed: whatever is not done is tried again. With one that is
 * running it helps. Throws NOT_FOUND for no such run, CONFLICT for a cancelled one, for one of a newer program, and when
 * an applied file has changed.
 */
export async function resumeFleetRun(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  id: string,
  options: RunnerOptions = {},
): Promise<RunOutcome> {
  await requireKnown(admin, catalogue, await findRun(admin, id))
  const run = await reopenRun(admin, id)
  const left = run.counts.pending + run.counts.running
  options.onProgress?.({
    type: 'planned',
    shared: 0,
    tenants: left,
    steps: left,
    concurrency: boundedConcurrency(admin, options.concurrency),
    run: run.id,
    joined: run.runners.length > 0,
  })
  return run.status === 'succeeded'
    ? outcomeOf(admin, run.id, { steps: 0, failures: [] })
    : workToTheEnd(admin, catalogue, run, options)
}

/** An older program would find nothing to do, and call that success. */
async function requireKnown(admin: pg.Pool, catalogue: MigrationCatalogue, run: FleetRun): Promise<void> {
  verifyLedger(await withClient(admin, (client) => readLedger(client)), catalogue)
  const { module, targetVersion, targetVersions } = run
  const targets = module === null ? Object.entries(targetVersions) : [[module, targetVersion ?? 0] as const]
  for (const [name, version] of targets) {
    const stream = catalogue.modules.get(name)
    if (stream !== undefined && version <= latestVersion(stream)) continue
    throw new AppError(
      'CONFLICT',
      `The fleet run ${run.id} is about ${name} ${version}, which this program does not know. ` +
        'Resume it with the program that began it, or a newer one.',
      { run: run.id, module: name, version },
    )
  }
}

function limitsOf({ maxFailures, maxFailureRate, failFast }: FleetRunOptions): FailureLimits {
  return {
    maxFailures: failFast === true ? 0 : (maxFailures ?? null),
    maxFailureRate: maxFailureRate ?? null,
  }
}

async function workToTheEnd(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  run: FleetRun,
  options: RunnerOptions,
): Promise<RunOutcome> {
  return outcomeOf(admin, run.id, await workOnRun(admin, catalogue, run, options))
}

async function outcomeOf(
  admin: pg.Pool,
  runId: string,
  { steps, failures }: RunnerOutcome,
): Promise<RunOutcome> {
  const run = await findRun(admin, runId)
  const items = await readItems(admin, runId, ['failed', 'pending', 'skipped'])
  const own = new Set(failures.map(({ schemaName }) => schemaName))
  const others = items.filter(({ status, schemaName }) => status === 'failed' && !own.has(schemaName))
  return {
    run: runId,
    status: run.status,
    stopped:
      run.error ??
      (run.status === 'cancelled' || run.status === 'paused' ? `it was ${run.status}` : undefined),
    steps,
    tenants: run.total,
    failures: [...failures, ...others.map(failureOf)],
    untouched: tenantsOf(items, 'pending'),
    skipped: tenantsOf(items, 'skipped'),
  }
}

/** What another runner of the same run met. */
function failureOf({ schemaName, tenant, lastStep, error }: FleetRunItem): FleetFailure {
  const [module = '', migration = ''] = (lastStep ?? '').split(' ')
  return {
    schemaName,
    tenant: tenant !== null && isTenantId(tenant) ? tenant : undefined,
    module,
    migration,
    reason: error ?? '',
    heldBy: undefined,
  }
}

function tenantsOf(items: readonly FleetRunItem[], status: FleetRunItem['status']): TenantId[] {
  return items.flatMap((item) =>
    item.status === status && item.tenant !== null && isTenantId(item.tenant) ? [item.tenant] : [],
  )
}

import type pg from 'pg'
import { acquireLock, releaseLock, schemaLockName, type Queryable } from '../database/advisory-lock.js'
import { withClient } from '../database/owner-transaction.js'
import { AppError } from '../errors.js'
import { forEachBounded } from './bounded.js'
import { stepsDown, type SchemaPlan } from './fleet-plan.js'
import { readFleet } from './fleet-tenants.js'
import { readLedger, verifyLedger, type Ledger } from './ledger.js'
import {
  latestVersion,
  sharedStream,
  type MigrationCatalogue,
  type MigrationStream,
} from './migration-files.js'
import { sharedTarget, targetOf } from './migration-message.js'
import { boundedConcurrency, retryOf, type FleetFailure, type FleetRunOptions } from './migrate-up.js'
import type { StepName } from './progress.js'
import { defaultPatience, LockTimeout, undoStep } from './step-runner.js'

export interface MigrateDownOptions extends FleetRunOptions {
  /** `public`, or the module whose steps are taken back in each selected tenant. */
  readonly module: string
  /** The version to arrive at; 0 takes everything back, tables and rows included. */
  readonly to: number
}

export interface RollbackOutcome {
  /** Steps taken back in all schemas. */
  readonly steps: number
  /** Schemas that had something to take back. */
  readonly schemas: number
  readonly failures: readonly FleetFailure[]
}

/**
 * Takes steps of one stream back, latest first, by their down files: what was in the dropped tables and columns is
 * gone. Throws CONFLICT when an applied file has changed, BAD_USER_INPUT for an unknown module or version.
 */
export async function migrateDown(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  options: MigrateDownOptions,
): Promise<RollbackOutcome> {
  const stream = streamOf(catalogue, options)
  return withClient(admin, async (observer) => {
    const ledger = await readLedger(observer)
    verifyLedger(ledger, catalogue)
    const run = { observer, options, steps: 0, failures: [] as FleetFailure[] }
    const plans = await planDown(observer, ledger, stream, options)
    const concurrency = boundedConcurrency(admin, options.concurrency)
    options.onProgress?.({
      type: 'planned',
      shared: options.module === sharedStream ? (plans[0]?.steps.length ?? 0) : 0,
      tenants: options.module === sharedStream ? 0 : plans.length,
      steps: plans.reduce((sum, { steps }) => sum + steps.length, 0),
      concurrency,
    })
    const stop = (): boolean => options.failFast === true && run.failures.length > 0
    await forEachBounded(
      plans,
      concurrency,
      (plan) => withClient(admin, (client) => undo(client, run, plan)),
      stop,
    )
    return { steps: run.steps, schemas: plans.length, failures: run.failures }
  })
}

interface Run {
  readonly observer: Queryable
  readonly options: MigrateDownOptions
  steps: number
  readonly failures: FleetFailure[]
}

function streamOf(catalogue: MigrationCatalogue, { module, to }: MigrateDownOptions): MigrationStream {
  const stream = module === sharedStream ? catalogue.shared : catalogue.modules.get(module)
  if (stream === undefined) {
    const known = [sharedStream, ...catalogue.modules.keys()].join(', ')
    throw new AppError('BAD_USER_INPUT', `No migrations are called ${module}. There are: ${known}.`, {
      module,
    })
  }
  const latest = latestVersion(stream)
  if (Number.isInteger(to) && to >= 0 && to <= latest) return stream
  throw new AppError(
    'BAD_USER_INPUT',
    `${module} has versions 0 (nothing) to ${latest}; there is no ${to}.`,
    { to },
  )
}

async function planDown(
  observer: Queryable,
  ledger: Ledger,
  stream: MigrationStream,
  options: MigrateDownOptions,
): Promise<SchemaPlan[]> {
  const targets =
    stream.module === sharedStream
      ? [sharedTarget]
      : (await readFleet(observer, options)).map(({ tenant }) => targetOf(tenant))
  return targets
    .map((target) => ({ target, steps: stepsDown(stream, ledger, target, options.to), defaultData: [] }))
    .filter(({ steps }) => steps.length > 0)
}

/** Under the schema's lock throughout, so that nothing is applied between two steps down. */
async function undo(client: pg.PoolClient, run: Run, { target, steps }: SchemaPlan): Promise<void> {
  const { observer, options } = run
  const patience = options.patience ?? defaultPatience
  const lock = schemaLockName(target.schemaName)
  let name: StepName = { ...target, module: options.module, migration: steps[0]!.name }
  try {
    await acquireLock(client, lock, patience.lockTimeout * patience.attempts)
    for (const step of steps) {
      name = { ...name, migration: step.name }
      const began = performance.now()
      await undoStep(client, target, step, { observer, patience, onRetry: retryOf(options, name) })
      run.steps += 1
      options.onProgress?.({ type: 'done', ...name, milliseconds: performance.now() - began })
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    run.failures.push({
      ...name,
      reason,
      heldBy: error instanceof LockTimeout ? error.holder?.pid : undefined,
    })
    options.onProgress?.({ type: 'failed', ...name, reason })
  } finally {
    await releaseLock(client, lock).catch(() => {})
  }
}

import type pg from 'pg'
import { acquireLock, releaseLock, schemaLockName } from '../database/advisory-lock.js'
import { withClient } from '../database/owner-transaction.js'
import { AppError } from '../errors.js'
import { closest } from '../tenancy/closest-word.js'
import { stepsDown } from './fleet-plan.js'
import { NO_RUN, runFleet, type FleetRunOptions, type RunOutcome } from './fleet-run.js'
import { holderOf, reasonOf } from './item-work.js'
import { readLedger, verifyLedger } from './ledger.js'
import {
  latestVersion,
  sharedStream,
  type MigrationCatalogue,
  type MigrationStream,
} from './migration-files.js'
import { sharedTarget } from './migration-message.js'
import { retryOf } from './migrate-up.js'
import type { StepName } from './progress.js'
import { boundedConcurrency, type FleetFailure } from './runner.js'
import { defaultPatience, undoStep } from './step-runner.js'

export interface MigrateDownOptions extends Omit<FleetRunOptions, 'modules'> {
  /** `public`, or the module whose steps are taken back in each selected tenant. */
  readonly module: string
  /** The version to arrive at; 0 takes everything back, tables and rows included. */
  readonly to: number
}

export interface RollbackOutcome extends RunOutcome {
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
  const { module, to, ...rest } = options
  const stream = streamOf(catalogue, module)
  requireVersion(stream, to, 0)
  if (module === sharedStream) return takeSharedBack(admin, catalogue, options)
  const work = { kind: 'rollback', module, targetVersion: to, targetVersions: {} } as const
  const outcome = await runFleet(admin, catalogue, work, rest)
  return { ...outcome, schemas: outcome.tenants }
}

/** The stream with a name. Throws BAD_USER_INPUT, with a suggestion, when there is none. */
export function streamOf(catalogue: MigrationCatalogue, module: string): MigrationStream {
  const stream = module === sharedStream ? catalogue.shared : catalogue.modules.get(module)
  if (stream !== undefined) return stream
  const known = [sharedStream, ...catalogue.modules.keys()]
  const near = closest(module, known)
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`
  throw new AppError(
    'BAD_USER_INPUT',
    `No migrations are called ${module}${hint}. There are: ${known.join(', ')}.`,
    { module },
  )
}

/** Throws BAD_USER_INPUT unless a stream has a version. */
export function requireVersion(stream: MigrationStream, to: number, least: 0 | 1): void {
  const latest = latestVersion(stream)
  if (Number.isInteger(to) && to >= least && to <= latest) return
  throw new AppError(
    'BAD_USER_INPUT',
    `${stream.module} has versions ${least === 0 ? '0 (nothing)' : least} to ${latest}; there is no ${to}.`,
    { to },
  )
}

/** The shared schema holds the record of runs itself, so taking it back is not one. */
async function takeSharedBack(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  options: MigrateDownOptions,
): Promise<RollbackOutcome> {
  return withClient(admin, async (client) => {
    const ledger = await readLedger(client)
    verifyLedger(ledger, catalogue)
    const steps = stepsDown(catalogue.shared, ledger, sharedTarget, options.to)
    const concurrency = boundedConcurrency(admin, options.concurrency)
    options.onProgress?.({
      type: 'planned',
      shared: steps.length,
      tenants: 0,
      steps: steps.length,
      concurrency,
    })
    const patience = options.patience ?? defaultPatience
    const lock = schemaLockName(sharedTarget.schemaName)
    let done = 0
    let name: StepName = { ...sharedTarget, module: sharedStream, migration: steps[0]?.name ?? '' }
    try {
      await acquireLock(client, lock, patience.lockTimeout * patience.attempts)
      for (const step of steps) {
        name = { ...name, migration: step.name }
        const began = performance.now()
        const onRetry = retryOf(options, name)
        await undoStep(client, sharedTarget, step, { observer: admin, patience, onRetry })
        done += 1
        options.onProgress?.({ type: 'done', ...name, milliseconds: performance.now() - began })
      }
      return { ...NO_RUN, steps: done, schemas: Math.min(1, steps.length) }
    } catch (error) {
      const reason = reasonOf(error)
      options.onProgress?.({ type: 'failed', ...name, reason })
      const failures = [{ ...name, reason, heldBy: holderOf(error) }]
      return { ...NO_RUN, tenants: 1, steps: done, schemas: 1, failures }
    } finally {
      await releaseLock(client, lock).catch(() => {})
    }
  })
}

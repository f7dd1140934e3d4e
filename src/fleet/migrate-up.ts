import type pg from 'pg'
import { acquireLock, releaseLock, schemaLockName, type Queryable } from '../database/advisory-lock.js'
import { withClient } from '../database/owner-transaction.js'
import { AppError } from '../errors.js'
import { closest } from '../tenancy/closest-word.js'
import { pendingSteps, planUp } from './fleet-plan.js'
import { NO_RUN, runFleet, type FleetRunOptions, type RunOutcome } from './fleet-run.js'
import { readFleet } from './fleet-tenants.js'
import { migrateSpares } from './migrate-spares.js'
import { readLedger, recordFailure, verifyLedger, type AppliedStep } from './ledger.js'
import { latestVersion, sharedStream, type Migration, type MigrationCatalogue } from './migration-files.js'
import { defaultDataMessage, sharedTarget } from './migration-message.js'
import type { StepName } from './progress.js'
import { holderOf, reasonOf } from './item-work.js'
import { boundedConcurrency, type FleetFailure } from './runner.js'
import { latestVersions } from './start-run.js'
import {
  applyStep,
  defaultPatience,
  sendMessage,
  type LockPatience,
  type StepContext,
} from './step-runner.js'

export interface MigrateUpOptions extends FleetRunOptions {
  /** Versions by module: only these modules are migrated, up to there. By default all, to their latest. */
  readonly targets?: Readonly<Record<string, number>> | undefined
}

export interface FleetOutcome extends RunOutcome {
  /** Steps this process did in all schemas. */
  readonly steps: number
  /** Steps in the ledger that this program does not know: a newer one ran here. */
  readonly unknown: readonly AppliedStep[]
}

/**
 * Brings schema `public`, then every tenant, then the spares to the latest version. A tenant's failure is recorded and stops
 * nobody else, unless the options set limits. Throws CONFLICT before anything is done when an applied file has
 * changed, BAD_USER_INPUT for targets that are not there.
 */
export async function migrateUp(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  options: MigrateUpOptions = {},
): Promise<FleetOutcome> {
  boundedConcurrency(admin)
  const targets = checkedTargets(catalogue, options.targets)
  const unknown = await withClient(admin, async (client) => verifyLedger(await readLedger(client), catalogue))
  const shared = await migrateShared(admin, catalogue, options)
  if (shared.failures.length > 0)
    return { ...(await untouched(admin, catalogue, options)), ...shared, unknown }
  const work = { kind: 'migrate', module: null, targetVersion: null, targetVersions: targets } as const
  const tenants = await runFleet(admin, catalogue, work, options, shared.steps)
  const isWhole = options.only === undefined && options.targets === undefined
  if (isWhole && tenants.failures.length === 0) await migrateSpares(admin, catalogue)
  return { ...tenants, steps: shared.steps + tenants.steps, unknown }
}

function checkedTargets(
  catalogue: MigrationCatalogue,
  targets: Readonly<Record<string, number>> | undefined,
): Readonly<Record<string, number>> {
  if (targets === undefined) return latestVersions(catalogue)
  for (const [module, version] of Object.entries(targets)) {
    const stream = catalogue.modules.get(module)
    const known = [...catalogue.modules.keys()]
    if (stream === undefined) {
      const near = closest(module, known)
      const hint = near === undefined ? '' : ` (did you mean ${near}?)`
      throw new AppError(
        'BAD_USER_INPUT',
        `No tenant has migrations called ${module}${hint}. There are: ${known.join(', ')}.`,
        { module },
      )
    }
    if (!Number.isInteger(version) || version < 1 || version > latestVersion(stream)) {
      throw new AppError(
        'BAD_USER_INPUT',
        `${module} has versions 1 to ${latestVersion(stream)}; there is no ${version}.`,
        { module, version },
      )
    }
  }
  return targets
}

interface SharedOutcome {
  readonly steps: number
  readonly failures: readonly FleetFailure[]
}

interface SharedRun {
  readonly options: MigrateUpOptions
  readonly patience: LockPatience
  readonly observer: Queryable
  steps: number
  readonly failures: FleetFailure[]
}

/** Runs under a lock held throughout: the first files make the ledger, so there is no row to claim before. */
async function migrateShared(
  admin: pg.Pool,
  { shared }: MigrationCatalogue,
  options: MigrateUpOptions,
): Promise<SharedOutcome> {
  const patience = options.patience ?? defaultPatience
  const run: SharedRun = { options, patience, observer: admin, steps: 0, failures: [] }
  await withClient(admin, async (client) => {
    const lock = schemaLockName(sharedTarget.schemaName)
    await acquireLock(client, lock, patience.lockTimeout * patience.attempts)
    try {
      for (const step of pendingSteps(shared, await readLedger(client), sharedTarget)) {
        if (!(await runSharedStep(client, run, step))) return
      }
      if (shared.defaultData === undefined) return
      // Catalogue rows of a new release come with every run, not only with a new table.
      const message = defaultDataMessage(sharedTarget, [shared.defaultData], patience)
      const name = { ...sharedTarget, module: sharedStream, migration: 'default-data' }
      await sendMessage(client, sharedTarget, message, contextOf(run, name)).catch((error: unknown) =>
        fail(run, name, error),
      )
    } finally {
      await releaseLock(client, lock).catch(() => {})
    }
  })
  return { steps: run.steps, failures: run.failures }
}

/** Does one step and tells of it; a failure is recorded and answered with false. */
async function runSharedStep(client: pg.PoolClient, run: SharedRun, step: Migration): Promise<boolean> {
  const name: StepName = { ...sharedTarget, module: step.module, migration: step.name }
  const began = performance.now()
  try {
    await applyStep(client, sharedTarget, step, [], contextOf(run, name))
    run.steps += 1
    run.options.onProgress?.({ type: 'done', ...name, milliseconds: performance.now() - began })
    return true
  } catch (error) {
    fail(run, name, error)
    await recordFailure(run.observer, sharedTarget.schemaName, step, reasonOf(error)).catch(() => {})
    return false
  }
}

function contextOf({ observer, patience, options }: SharedRun, name: StepName): StepContext {
  return { observer, patience, onRetry: retryOf(options, name) }
}

function fail({ failures, options }: SharedRun, name: StepName, error: unknown): void {
  const reason = reasonOf(error)
  failures.push({ ...name, reason, heldBy: holderOf(error) })
  options.onProgress?.({ type: 'failed', ...name, reason })
}

/** Tells the caller of a step that is tried again. */
export function retryOf({ onProgress }: Pick<FleetRunOptions, 'onProgress'>, name: StepName) {
  return (attempt: number, reason: string, waitMilliseconds: number): void =>
    onProgress?.({ type: 'retrying', ...name, attempt, reason, waitMilliseconds })
}

/** Without the shared schema no tenant is begun; those that wait for it are named. */
async function untouched(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  options: MigrateUpOptions,
): Promise<RunOutcome> {
  const plans = await withClient(admin, async (client) => {
    const ledger = await readLedger(client)
    const fleet = ledger.tenantsExist ? await readFleet(client, options) : []
    return planUp(catalogue, ledger, fleet).tenants
  })
  return {
    ...NO_RUN,
    stopped: 'the shared schema could not be migrated',
    tenants: plans.length,
    untouched: plans.map(({ target }) => target.tenant!),
  }
}

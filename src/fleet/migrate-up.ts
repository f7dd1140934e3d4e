import type pg from 'pg'
import { acquireLock, releaseLock, schemaLockName, type Queryable } from '../database/advisory-lock.js'
import { withClient } from '../database/owner-transaction.js'
import { AppError } from '../errors.js'
import type { TenantId } from '../tenancy/tenant-id.js'
import { forEachBounded } from './bounded.js'
import { pendingSteps, planUp, type SchemaPlan } from './fleet-plan.js'
import { readFleet, type TenantSelection } from './fleet-tenants.js'
import { migrateSpares } from './migrate-spares.js'
import { readLedger, recordFailure, verifyLedger, type AppliedStep } from './ledger.js'
import {
  sharedStream,
  type Migration,
  type MigrationCatalogue,
  type MigrationScript,
} from './migration-files.js'
import { defaultDataMessage, sharedTarget, type MigrationTarget } from './migration-message.js'
import type { OnFleetProgress, StepName } from './progress.js'
import { applyStep, defaultPatience, LockTimeout, sendMessage, type LockPatience } from './step-runner.js'

export interface FleetRunOptions extends TenantSelection {
  /** Tenants worked on at once; bounded by the pool, which lends one more connection for looking around. */
  readonly concurrency?: number | undefined
  /** Begin no further tenant after the first failure. */
  readonly failFast?: boolean | undefined
  readonly patience?: LockPatience | undefined
  readonly onProgress?: OnFleetProgress | undefined
}

/** A step that failed in one schema; the later steps of that schema were not tried. */
export interface FleetFailure extends StepName {
  readonly reason: string
  /** Process id of the session that held a lock, when that was the reason. */
  readonly heldBy: number | undefined
}

export interface FleetOutcome {
  /** Steps done in all schemas. */
  readonly steps: number
  /** Tenants that had something to do. */
  readonly tenants: number
  readonly failures: readonly FleetFailure[]
  /** Tenants not tried, because of `failFast` or because schema `public` failed. */
  readonly untouched: readonly TenantId[]
  /** Steps in the ledger that this program does not know: a newer one ran here. */
  readonly unknown: readonly AppliedStep[]
}

const DEFAULT_CONCURRENCY = 8

/** Counts of a run that is going on, and what its parts share. */
interface Run {
  readonly observer: Queryable
  readonly options: FleetRunOptions
  readonly patience: LockPatience
  readonly catalogue: MigrationCatalogue
  steps: number
  finished: number
  readonly failures: FleetFailure[]
}

/**
 * Brings schema `public` and then every tenant to the latest version. A tenant's failure is recorded and stops
 * nobody else. Throws CONFLICT before anything is done when an applied file has changed.
 */
export async function migrateUp(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  options: FleetRunOptions = {},
): Promise<FleetOutcome> {
  return withClient(admin, async (observer) => {
    const patience = options.patience ?? defaultPatience
    const run: Run = { observer, options, patience, catalogue, steps: 0, finished: 0, failures: [] }
    const unknown = verifyLedger(await readLedger(observer), catalogue)
    await migrateShared(admin, run)
    const plans = await planTenants(run)
    const started = run.failures.length === 0 ? await migrateTenants(admin, run, plans) : new Set<TenantId>()
    if (run.failures.length === 0 && options.only === undefined) await migrateSpares(admin, catalogue)
    const tenants = plans.map(({ target }) => target.tenant!)
    return {
      steps: run.steps,
      tenants: plans.length,
      failures: run.failures,
      untouched: tenants.filter((tenant) => !started.has(tenant)),
      unknown,
    }
  })
}

/** Runs under a lock held throughout: the first files make the ledger, so there is no row to claim before. */
async function migrateShared(admin: pg.Pool, run: Run): Promise<void> {
  const { lockTimeout, attempts } = run.patience
  await withClient(admin, async (client) => {
    await acquireLock(client, schemaLockName(sharedTarget.schemaName), lockTimeout * attempts)
    try {
      const steps = pendingSteps(run.catalogue.shared, await readLedger(client), sharedTarget)
      for (const step of steps) {
        if (!(await runStep(client, run, sharedTarget, step, []))) return
      }
      await runSharedDefaults(client, run)
    } finally {
      await releaseLock(client, schemaLockName(sharedTarget.schemaName)).catch(() => {})
    }
  })
}

/** Catalogue rows of a new release come with every run, not only with a new table. */
async function runSharedDefaults(client: pg.PoolClient, run: Run): Promise<void> {
  const { defaultData } = run.catalogue.shared
  if (defaultData === undefined) return
  const message = defaultDataMessage(sharedTarget, [defaultData], run.patience)
  try {
    await sendMessage(client, sharedTarget, message, run)
  } catch (error) {
    const name = { ...sharedTarget, module: sharedStream, migration: 'default-data' }
    fail(run, name, error)
  }
}

async function planTenants(run: Run): Promise<readonly SchemaPlan[]> {
  const ledger = await readLedger(run.observer)
  const fleet = ledger.tenantsExist ? await readFleet(run.observer, run.options) : []
  return planUp(run.catalogue, ledger, fleet).tenants
}

/** Resolves to the tenants that were begun. */
async function migrateTenants(
  admin: pg.Pool,
  run: Run,
  plans: readonly SchemaPlan[],
): Promise<Set<TenantId>> {
  const concurrency = boundedConcurrency(admin, run.options.concurrency)
  run.options.onProgress?.({
    type: 'planned',
    shared: run.steps,
    tenants: plans.length,
    steps: plans.reduce((sum, { steps }) => sum + steps.length, 0),
    concurrency,
  })
  const started = new Set<TenantId>()
  const stop = (): boolean => run.options.failFast === true && run.failures.length > 0
  await forEachBounded(
    plans,
    concurrency,
    async (plan) => {
      started.add(plan.target.tenant!)
      const succeeded = await withClient(admin, (client) => migrateSchema(client, run, plan))
      run.finished += 1
      run.options.onProgress?.({
        type: 'tenant',
        tenant: plan.target.tenant!,
        succeeded,
        finished: run.finished,
      })
    },
    stop,
  )
  return started
}

/** One connection looks around while the others work, so a pool of one cannot do it. */
export function boundedConcurrency(admin: pg.Pool, wanted = DEFAULT_CONCURRENCY): number {
  const limit = admin.options.max - 1
  if (limit < 1) throw new AppError('BAD_USER_INPUT', 'Migrating needs a pool of two connections at least.')
  return Math.max(1, Math.min(wanted, limit))
}

async function migrateSchema(client: pg.PoolClient, run: Run, plan: SchemaPlan): Promise<boolean> {
  const { target, steps, defaultData } = plan
  for (const step of steps) {
    if (!(await runStep(client, run, target, step, step === steps.at(-1) ? defaultData : []))) return false
  }
  return true
}

/** Does one step and tells of it; a failure is recorded and answered with false. */
async function runStep(
  client: pg.PoolClient,
  run: Run,
  target: MigrationTarget,
  step: Migration,
  defaultData: readonly MigrationScript[],
): Promise<boolean> {
  const name: StepName = { ...target, module: step.module, migration: step.name }
  const began = performance.now()
  try {
    await applyStep(client, target, step, defaultData, {
      observer: run.observer,
      patience: run.patience,
      onRetry: retryOf(run.options, name),
    })
    run.steps += 1
    run.options.onProgress?.({ type: 'done', ...name, milliseconds: performance.now() - began })
    return true
  } catch (error) {
    fail(run, name, error)
    await recordFailure(run.observer, target.schemaName, step, messageOf(error)).catch(() => {})
    return false
  }
}

function fail(run: Run, name: StepName, error: unknown): void {
  const reason = messageOf(error)
  const heldBy = error instanceof LockTimeout ? error.holder?.pid : undefined
  run.failures.push({ ...name, reason, heldBy })
  run.options.onProgress?.({ type: 'failed', ...name, reason })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Tells the caller of a step that is tried again. */
export function retryOf({ onProgress }: FleetRunOptions, name: StepName) {
  return (attempt: number, reason: string, waitMilliseconds: number): void =>
    onProgress?.({ type: 'retrying', ...name, attempt, reason, waitMilliseconds })
}

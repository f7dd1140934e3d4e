import type pg from 'pg'
import { acquireLock, releaseLock } from '../database/advisory-lock.js'
import { ownerTransactionOn, withClient } from '../database/owner-transaction.js'
import { AppError } from '../errors.js'
import { schemaOf } from '../tenancy/tenant-id.js'
import { pendingSteps } from './fleet-plan.js'
import { readFleet, type FleetTenant, type TenantSelection } from './fleet-tenants.js'
import { readLedger, verifyLedger, type AppliedVersions } from './ledger.js'
import { latestVersion, type MigrationCatalogue } from './migration-files.js'
import { sharedTarget } from './migration-message.js'
import { findRun, type FleetRun } from './run-record.js'
import { actionsFor, type RunWork } from './schema-actions.js'
import { defaultPatience, type LockPatience } from './step-runner.js'
import { assignWaves, type FailureLimits, type WavePlan } from './waves.js'

/** What a run is to do, where, and under which rules. */
export interface RunRequest extends Partial<FailureLimits>, WavePlan {
  readonly work: RunWork
  readonly selection?: TenantSelection | undefined
  readonly patience?: LockPatience | undefined
}

export interface StartedRun {
  readonly run: FleetRun
  /** True when an equal run was going on already. */
  readonly joined: boolean
  /** Steps planned over all tenants. */
  readonly steps: number
}

/** Held while a run is planned or extended, so that two equal ones become one. */
const PLANNING_LOCK = 'fleet planning'
const PLANNING_PATIENCE = 30_000

/**
 * Writes down a run over every selected tenant that has something to do; who works on it is another matter. An equal
 * run that is going on is taken up instead. Resolves to undefined when nobody has anything to do.
 *
 * Throws CONFLICT when an applied file has changed or the shared schema is behind this program, BAD_USER_INPUT and
 * NOT_FOUND for a selection of what is not there.
 */
export async function startRun(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  request: RunRequest,
): Promise<StartedRun | undefined> {
  return planning(admin, async (client) => {
    const planned = await planItems(client, catalogue, request.work, request.selection ?? {})
    const steps = planned.reduce((sum, { isDormant, actions }) => sum + (isDormant ? 0 : actions), 0)
    const equal = await findEqualRun(client, request)
    if (equal !== undefined) return { run: await findRun(client, equal), joined: true, steps }
    if (planned.length === 0) return undefined
    const id = await ownerTransactionOn(client, async (transaction) => {
      const total = planned.filter(({ isDormant }) => !isDormant).length
      const runId = await insertRun(transaction, request, total)
      await insertItems(transaction, runId, planned, assignWaves(total, request))
      return runId
    })
    return { run: await findRun(client, id), joined: false, steps }
  })
}

/**
 * Adds a last wave of tenants that came since a migrate run was planned and were made by an older program; those of
 * this one are at the new version already. Resolves to their number.
 */
export async function addLateTenants(
  admin: pg.Pool,
  catalogue: MigrationCatalogue,
  run: FleetRun,
): Promise<number> {
  // Those chosen by name were all there when the run was planned.
  if (run.kind !== 'migrate' || run.selection.only !== undefined) return 0
  return planning(admin, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `/* fleet.items.schemas */ select schema_name as name from public.fleet_run_items where fleet_run_id = $1`,
      [run.id],
    )
    const known = new Set(rows.map(({ name }) => name))
    const planned = await planItems(client, catalogue, run, run.selection)
    const late = planned.filter(({ tenant, isDormant }) => !isDormant && !known.has(schemaOf(tenant)))
    if (late.length === 0) return 0
    await ownerTransactionOn(client, async (transaction) => {
      await insertItems(
        transaction,
        run.id,
        late,
        late.map(() => run.waves),
      )
      await transaction.query(
        `/* fleet.runs.extend */ update public.fleet_runs set total_count = total_count + $2, updated_at = now()
         where id = $1`,
        [run.id, late.length],
      )
    })
    return late.length
  })
}

async function planning<Result>(
  admin: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  return withClient(admin, async (client) => {
    await acquireLock(client, PLANNING_LOCK, PLANNING_PATIENCE)
    try {
      return await work(client)
    } finally {
      await releaseLock(client, PLANNING_LOCK).catch(() => {})
    }
  })
}

interface PlannedItem extends FleetTenant {
  /** How many things there are to do. */
  readonly actions: number
  readonly from: number | null
  readonly to: number | null
}

async function planItems(
  client: pg.PoolClient,
  catalogue: MigrationCatalogue,
  work: RunWork,
  selection: TenantSelection,
): Promise<PlannedItem[]> {
  const ledger = await readLedger(client)
  verifyLedger(ledger, catalogue)
  const missing = pendingSteps(catalogue.shared, ledger, sharedTarget).length
  if (missing > 0) {
    throw new AppError(
      'CONFLICT',
      `The shared schema lacks ${missing === 1 ? '1 migration' : `${missing} migrations`} of this program. ` +
        'Run first: orgscope migrate up',
    )
  }
  const fleet = await readFleet(client, selection)
  return fleet
    .map((tenant) => {
      const applied = ledger.appliedIn(schemaOf(tenant.tenant))
      const actions = actionsFor(work, catalogue, tenant.modules, applied).length
      return { ...tenant, actions, ...versionsOf(work, applied) }
    })
    .filter(({ actions }) => actions > 0)
}

/** Where a schema's module is, and where the run brings it; a run over several modules has no one answer. */
function versionsOf(
  { kind, module, targetVersion, targetVersions }: RunWork,
  applied: AppliedVersions,
): { from: number | null; to: number | null } {
  const [single, ...others] = module === null ? Object.keys(targetVersions) : [module]
  if (single === undefined || others.length > 0) return { from: null, to: null }
  const from = Math.max(0, ...(applied.get(single) ?? []))
  return { from, to: kind === 'redo' ? from : (targetVersion ?? targetVersions[single] ?? null) }
}

async function findEqualRun(
  client: pg.PoolClient,
  { work, selection }: RunRequest,
): Promise<string | undefined> {
  const { rows } = await client.query<{ id: string }>(
    `/* fleet.runs.equal */
     select id from public.fleet_runs
     where status = 'running' and kind = $1 and module is not distinct from $2
       and target_version is not distinct from $3 and target_versions = $4 and selector = $5
     order by created_at limit 1`,
    [work.kind, work.module, work.targetVersion, work.targetVersions, JSON.stringify(selection ?? {})],
  )
  return rows[0]?.id
}

async function insertRun(
  client: pg.PoolClient,
  { work, selection = {}, patience = defaultPatience, ...rules }: RunRequest,
  total: number,
): Promise<string> {
  const waves = assignWaves(total, rules)
  const canary = rules.canary === undefined ? 0 : waves.filter((wave) => wave === 0).length
  const later = waves.filter((wave) => wave === 1).length
  const { rows } = await client.query<{ id: string }>(
    `/* fleet.runs.insert */
     insert into public.fleet_runs (kind, module, target_version, target_versions, selector, settings, batch_size,
       canary_percent, max_failures, max_failure_rate, status, total_count, started_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'running', $11, now()) returning id`,
    [
      work.kind,
      work.module,
      work.targetVersion,
      work.targetVersions,
      JSON.stringify(selection),
      { patience },
      Math.max(1, rules.canary === undefined ? waves.filter((wave) => wave === 0).length : later),
      total === 0 ? 0 : ((canary * 100) / total).toFixed(2),
      rules.maxFailures ?? null,
      rules.maxFailureRate ?? null,
      total,
    ],
  )
  return rows[0]!.id
}

async function insertItems(
  client: pg.PoolClient,
  runId: string,
  planned: readonly PlannedItem[],
  waves: readonly number[],
): Promise<void> {
  const wave = waves.values()
  const waveOf = planned.map(({ isDormant }) => (isDormant ? 0 : (wave.next().value ?? 0)))
  await client.query(
    `/* fleet.items.insert */
     insert into public.fleet_run_items (fleet_run_id, organization_id, schema_name, wave, status, error,
       from_version, to_version)
     select $1, * from unnest($2::uuid[], $3::text[], $4::integer[], $5::text[], $6::text[], $7::integer[],
       $8::integer[])`,
    [
      runId,
      planned.map(({ organizationId }) => organizationId),
      planned.map(({ tenant }) => schemaOf(tenant)),
      waveOf,
      planned.map(({ isDormant }) => (isDormant ? 'skipped' : 'pending')),
      planned.map(({ isDormant }) => (isDormant ? DORMANT : null)),
      planned.map(({ from }) => from),
      planned.map(({ to }) => to),
    ],
  )
}

/** Why an item is skipped whose tenant nobody uses; waking it looks for this word. */
export const DORMANT = 'dormant'

/** Every module's latest version: what a run without other targets brings the fleet to. */
export function latestVersions(catalogue: MigrationCatalogue): Record<string, number> {
  return Object.fromEntries(
    [...catalogue.modules.values()].map((stream) => [stream.module, latestVersion(stream)]),
  )
}

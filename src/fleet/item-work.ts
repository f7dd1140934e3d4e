import type pg from 'pg'
import { acquireLock, releaseLock, schemaLockName, type Queryable } from '../database/advisory-lock.js'
import { parseTenantId } from '../tenancy/tenant-id.js'
import type { TenantState } from '../tenancy/tenant-states.js'
import { installedModules } from './fleet-tenants.js'
import { readVersions, recordFailure, type AppliedVersions } from './ledger.js'
import { coreModule, type MigrationCatalogue, type MigrationScript } from './migration-files.js'
import { targetOf, type MigrationTarget } from './migration-message.js'
import type { OnFleetProgress, StepName } from './progress.js'
import { finishStatement, type ClaimedItem } from './run-items.js'
import type { FleetRun } from './run-record.js'
import { actionsFor, type RedoProgress, type SchemaAction } from './schema-actions.js'
import { applyStep, LockTimeout, recordStep, undoStep, type StepContext } from './step-runner.js'

/** A claimed schema with what is left to do in it. */
export interface PreparedItem {
  readonly item: ClaimedItem
  readonly target: MigrationTarget
  readonly actions: readonly SchemaAction[]
  /** Default rows that come with the last action. */
  readonly defaultData: readonly MigrationScript[]
  /** Why there is nothing to be done here any more. */
  readonly gone: string | undefined
}

/** Looks up what the claimed schemas lack, with a few statements for all of them. */
export async function prepareItems(
  db: Queryable,
  catalogue: MigrationCatalogue,
  run: FleetRun,
  items: readonly ClaimedItem[],
): Promise<PreparedItem[]> {
  const schemas = items.map(({ schemaName }) => schemaName)
  const [tenants, versions, redone] = await Promise.all([
    readTenants(db, schemas),
    readVersions(db, schemas),
    readRedone(db, run, schemas),
  ])
  return items.flatMap((item) => {
    const target = targetOf(parseTenantId(item.schemaName.slice('org_'.length)))
    const tenant = tenants.get(item.schemaName)
    if (tenant === undefined || (tenant.state !== 'active' && tenant.state !== 'suspended')) {
      const gone = `the tenant is ${tenant?.state ?? 'gone'}`
      return { item, target, actions: [], defaultData: [], gone }
    }
    const applied = versions.get(item.schemaName) ?? new Map<string, ReadonlySet<number>>()
    const progress: RedoProgress | undefined =
      item.fromVersion === null
        ? undefined
        : { from: item.fromVersion, redone: redone.get(item.schemaName) ?? new Set() }
    const actions = actionsFor(run, catalogue, tenant.modules, applied, progress)
    const defaultData = defaultDataFor(run, catalogue, tenant.modules, applied)
    return { item, target, actions, defaultData, gone: undefined }
  })
}

async function readTenants(
  db: Queryable,
  schemas: readonly string[],
): Promise<Map<string, { state: TenantState; modules: string[] }>> {
  const { rows } = await db.query<{ schema: string; state: TenantState; modules: string[] }>(
    `/* fleet.items.tenants */
     select schema_name as schema, state, modules from public.tenant_schemas where schema_name = any($1)`,
    [schemas],
  )
  return new Map(
    rows.map(({ schema, state, modules }) => [schema, { state, modules: installedModules(modules) }]),
  )
}

/** What this run applied again already: it may have been interrupted between taking back and making again. */
async function readRedone(
  db: Queryable,
  { id, kind, module }: FleetRun,
  schemas: readonly string[],
): Promise<Map<string, Set<number>>> {
  if (kind !== 'redo') return new Map()
  const { rows } = await db.query<{ schema: string; versions: number[] }>(
    `/* fleet.ledger.redone */
     select schema_name as schema, array_agg(version) as versions from public.schema_migrations
     where fleet_run_id = $1 and module = $2 and schema_name = any($3) and status = 'applied' group by schema_name`,
    [id, module, schemas],
  )
  return new Map(rows.map(({ schema, versions }) => [schema, new Set(versions)]))
}

/**
 * Default rows of core copy templates that any release may extend, so they come with every change; those of another
 * module come when it is installed or made again, because the tenant may have deleted some since.
 */
function defaultDataFor(
  { kind, module: redone }: FleetRun,
  catalogue: MigrationCatalogue,
  modules: readonly string[],
  applied: AppliedVersions,
): MigrationScript[] {
  if (kind !== 'migrate' && kind !== 'redo') return []
  return [...catalogue.modules.values()]
    .filter(({ module }) => modules.includes(module))
    .filter(
      ({ module }) =>
        module === coreModule ||
        (kind === 'redo' ? module === redone : (applied.get(module)?.size ?? 0) === 0),
    )
    .flatMap(({ defaultData }) => defaultData ?? [])
}

/** What working on an item needs and whom it tells. */
export interface ItemContext {
  readonly observer: Queryable
  readonly catalogue: MigrationCatalogue
  readonly run: FleetRun
  readonly runner: string
  readonly onProgress: OnFleetProgress | undefined
}

/** How an item ended; a failure is in the ledger by then, not yet in the run. */
export interface ItemResult {
  readonly steps: number
  readonly failure: { readonly name: StepName; readonly error: unknown } | undefined
}

/** Does what is left in one schema. Throws only what the step's own errors do not cover. */
export async function workOnItem(
  client: pg.PoolClient,
  context: ItemContext,
  prepared: PreparedItem,
): Promise<ItemResult> {
  const { kind, patience } = context.run
  if (kind === 'migrate' || kind === 'mark_applied') return doActions(client, context, prepared)
  // Under the schema's lock throughout, so that nothing is applied between two steps down; and what there is to do
  // is looked up again under it, because a step that was taken back and made again looks like one that was not.
  const lock = schemaLockName(prepared.target.schemaName)
  try {
    await acquireLock(client, lock, patience.lockTimeout * patience.attempts)
  } catch (error) {
    return { steps: 0, failure: { name: nameOf(prepared, prepared.actions[0]), error } }
  }
  try {
    const [current] = await prepareItems(client, context.catalogue, context.run, [prepared.item])
    return await doActions(client, context, current ?? prepared)
  } finally {
    await releaseLock(client, lock).catch(() => {})
  }
}

async function doActions(
  client: pg.PoolClient,
  context: ItemContext,
  prepared: PreparedItem,
): Promise<ItemResult> {
  const { item, actions } = prepared
  let steps = 0
  for (const action of actions) {
    const name = nameOf(prepared, action)
    const isLast = action === actions.at(-1)
    const began = performance.now()
    try {
      const afterwards = isLast ? finishStatement(item, context.runner, steps + 1) : undefined
      const done = await doAction(client, prepared, action, isLast, stepContext(context, name, afterwards))
      if (!done) continue
      steps += 1
      context.onProgress?.({ type: 'done', ...name, milliseconds: performance.now() - began })
      if (isLast) return { steps, failure: undefined }
    } catch (error) {
      return { steps, failure: { name, error } }
    }
  }
  // Somebody else did the last step, or there was none, and so nothing that ended the item along with it.
  await client.query(finishStatement(item, context.runner, steps))
  return { steps, failure: undefined }
}

function doAction(
  client: pg.PoolClient,
  { target, defaultData }: PreparedItem,
  { verb, step }: SchemaAction,
  isLast: boolean,
  context: StepContext,
): Promise<boolean> {
  switch (verb) {
    case 'apply':
      return applyStep(client, target, step, isLast ? defaultData : [], context)
    case 'undo':
      return undoStep(client, target, step, context)
    case 'record':
      return recordStep(client, target, step, context)
  }
}

function stepContext(
  { observer, run, onProgress }: ItemContext,
  name: StepName,
  afterwards: string | undefined,
): StepContext {
  return {
    observer,
    patience: run.patience,
    fleetRunId: run.id,
    afterwards,
    onRetry: (attempt, reason, waitMilliseconds) =>
      onProgress?.({ type: 'retrying', ...name, attempt, reason, waitMilliseconds }),
  }
}

function nameOf({ target }: PreparedItem, action: SchemaAction | undefined): StepName {
  return { ...target, module: action?.step.module ?? '', migration: action?.step.name ?? '' }
}

/** Writes a failed step into the ledger; one that was taken back badly is still applied there, and stays so. */
export async function noteFailure(
  db: Queryable,
  { target, actions }: PreparedItem,
  { name, error }: NonNullable<ItemResult['failure']>,
): Promise<void> {
  const action = actions.find(({ step }) => step.module === name.module && step.name === name.migration)
  if (action?.verb !== 'apply') return
  await recordFailure(db, target.schemaName, action.step, reasonOf(error))
}

/** What a failure is told as. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Process id of the session that held the lock a step waited for, where that was the reason. */
export function holderOf(error: unknown): number | undefined {
  return error instanceof LockTimeout ? error.holder?.pid : undefined
}

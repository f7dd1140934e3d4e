import type { Queryable } from '../database/advisory-lock.js'
import { AppError } from '../errors.js'
import type { TenantSelection } from './fleet-tenants.js'
import type { RunWork } from './schema-actions.js'
import type { LockPatience } from './step-runner.js'
import type { FailureLimits } from './waves.js'

export const fleetRunStatuses = ['pending', 'running', 'paused', 'succeeded', 'failed', 'cancelled'] as const
export type FleetRunStatus = (typeof fleetRunStatuses)[number]

export const fleetItemStatuses = ['pending', 'running', 'succeeded', 'failed', 'skipped'] as const
export type FleetItemStatus = (typeof fleetItemStatuses)[number]

/** How many schemas of a run are in which state. */
export type ItemCounts = Readonly<Record<FleetItemStatus, number>>

/** One operation over many tenants, with how far it is. Moments are RFC 3339 text. */
export interface FleetRun extends RunWork, FailureLimits {
  readonly id: string
  readonly selection: TenantSelection
  /** How long steps wait for locks; the runners of a run all keep to it. */
  readonly patience: LockPatience
  readonly status: FleetRunStatus
  /** Why it stopped, when it did not come to its end. */
  readonly error: string | null
  readonly total: number
  readonly counts: ItemCounts
  /** The wave that is being worked on, or the last one. */
  readonly wave: number
  readonly waves: number
  /** Those who work on it right now. */
  readonly runners: readonly string[]
  readonly createdAt: string
  readonly startedAt: string | null
  readonly finishedAt: string | null
}

/** One schema of a run. */
export interface FleetRunItem {
  readonly schemaName: string
  /** Null for a tenant that is gone. */
  readonly tenant: string | null
  readonly wave: number
  readonly status: FleetItemStatus
  readonly attempts: number
  /** Steps done so far. */
  readonly steps: number
  /** The step it is at, or at which it failed. */
  readonly lastStep: string | null
  /** Versions of the run's module before and after; null in a run over several modules. */
  readonly fromVersion: number | null
  readonly toVersion: number | null
  /** What went wrong, or why it was skipped. */
  readonly error: string | null
  readonly runner: string | null
  readonly startedAt: string | null
  readonly finishedAt: string | null
  /** Milliseconds. */
  readonly duration: number | null
}

type Row = Omit<FleetRun, 'counts' | 'patience' | 'maxFailureRate' | 'runners'> &
  Record<FleetItemStatus, number> & {
    readonly settings: { readonly patience: LockPatience }
    readonly maxFailureRate: string | null
    readonly runners: string[] | null
  }

const SELECT = `
  select r.id, r.kind, r.module, r.target_version as "targetVersion", r.target_versions as "targetVersions",
    r.selector as selection, r.settings, r.max_failures as "maxFailures", r.max_failure_rate as "maxFailureRate",
    r.status, r.error, r.total_count as total, r.created_at as "createdAt", r.started_at as "startedAt",
    r.finished_at as "finishedAt", i.*
  from public.fleet_runs r cross join lateral (
    select ${fleetItemStatuses.map((status) => `count(*) filter (where status = '${status}')::integer as ${status}`).join(', ')},
      coalesce(max(wave) + 1, 0) as waves,
      coalesce(min(wave) filter (where status in ('pending', 'running')), max(wave), 0) as wave,
      array_agg(distinct lease_owner) filter (where status = 'running' and lease_until > now()) as runners
    from public.fleet_run_items where fleet_run_id = r.id
  ) i`

function runOf({ settings, pending, running, succeeded, failed, skipped, ...row }: Row): FleetRun {
  return {
    ...row,
    patience: settings.patience,
    maxFailureRate: row.maxFailureRate === null ? null : Number(row.maxFailureRate),
    runners: row.runners ?? [],
    counts: { pending, running, succeeded, failed, skipped },
  }
}

/** Kinds of work the fleet runner does; other kinds of rows belong to others. */
const OURS = `r.kind in ('migrate', 'rollback', 'redo', 'mark_applied')`

export interface RunFilter {
  readonly statuses?: readonly FleetRunStatus[] | undefined
  readonly limit?: number | undefined
}

/** Runs, newest first; 20 unless told otherwise. */
export async function listRuns(db: Queryable, { statuses, limit = 20 }: RunFilter = {}): Promise<FleetRun[]> {
  const { rows } = await db.query<Row>(
    `/* fleet.runs.list */ ${SELECT}
     where ${OURS} and ($1::text[] is null or r.status = any($1)) order by r.created_at desc, r.id desc limit $2`,
    [statuses ?? null, limit],
  )
  return rows.map(runOf)
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The run with an id, or the newest one for `latest`. Throws BAD_USER_INPUT for no id, NOT_FOUND for no run. */
export async function findRun(db: Queryable, id: string): Promise<FleetRun> {
  if (id !== 'latest' && !UUID.test(id)) {
    throw new AppError(
      'BAD_USER_INPUT',
      `Not the id of a fleet run: ${id}. \`orgscope fleet runs\` shows them; \`latest\` is the newest.`,
      { run: id },
    )
  }
  const { rows } = await db.query<Row>(
    `/* fleet.runs.find */ ${SELECT}
     where ${OURS} and ($1::uuid is null or r.id = $1) order by r.created_at desc, r.id desc limit 1`,
    [id === 'latest' ? null : id],
  )
  if (rows[0] !== undefined) return runOf(rows[0])
  throw new AppError(
    'NOT_FOUND',
    id === 'latest' ? 'There has been no fleet run yet.' : `There is no fleet run ${id}.`,
    { run: id },
  )
}

/** The schemas of a run, those first that failed or are being worked on. */
export async function readItems(
  db: Queryable,
  runId: string,
  statuses: readonly FleetItemStatus[] = fleetItemStatuses,
): Promise<FleetRunItem[]> {
  const { rows } = await db.query<FleetRunItem>(
    `/* fleet.items.list */
     select i.schema_name as "schemaName", o.org_key as tenant, i.wave, i.status, i.attempts, i.steps,
       i.last_step as "lastStep", i.from_version as "fromVersion", i.to_version as "toVersion", i.error,
       case when i.status = 'running' then i.lease_owner end as runner, i.started_at as "startedAt",
       i.finished_at as "finishedAt", i.duration_ms as duration
     from public.fleet_run_items i left join public.organizations o on o.id = i.organization_id
     where i.fleet_run_id = $1 and i.status = any($2)
     order by array_position(array['failed', 'running', 'pending', 'skipped', 'succeeded'], i.status), i.wave,
       i.schema_name`,
    [runId, statuses],
  )
  return rows
}

/** A run with all its schemas. Throws like `findRun`. */
export async function showRun(
  db: Queryable,
  id: string,
): Promise<FleetRun & { readonly items: readonly FleetRunItem[] }> {
  const run = await findRun(db, id)
  return { ...run, items: await readItems(db, run.id) }
}

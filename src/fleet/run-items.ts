import pg from 'pg'
import { advisoryLockHolder, type Queryable } from '../database/advisory-lock.js'
import { ownerTransactionOn } from '../database/owner-transaction.js'
import { passedLimit, type FailureLimits } from './waves.js'

/**
 * How several runners share the schemas of a run. An item is claimed with SKIP LOCKED and a lease: it comes back
 * when its runner is gone, which is told by the runner's advisory lock (it ends with the connection) or, where a
 * connection outlives its process, by the end of the lease. That a step happens once does not rest on this: its own
 * transaction looks into the ledger.
 */

/** Seconds an item belongs to its runner without word of it. */
export const LEASE_SECONDS = 30

/** An item that belongs to this runner now. */
export interface ClaimedItem {
  readonly id: string
  readonly schemaName: string
  readonly organizationId: string | null
  readonly wave: number
  readonly attempts: number
  readonly fromVersion: number | null
}

/** Name of the lock by which others see that a runner lives. */
export function runnerLockName(runner: string): string {
  return `fleet runner:${runner}`
}

/** Takes up to `limit` schemas of the wave that is being worked on; none when the run does not go on. */
export async function claimItems(
  db: Queryable,
  runId: string,
  runner: string,
  limit: number,
): Promise<ClaimedItem[]> {
  const { rows } = await db.query<ClaimedItem>(
    `/* fleet.items.claim */
     with wave as (
       select min(i.wave) as wave from public.fleet_run_items i
       where i.fleet_run_id = $1 and i.status in ('pending', 'running')
     ), free as (
       select i.id from public.fleet_run_items i
       where i.fleet_run_id = $1 and i.status = 'pending' and i.wave = (select wave from wave)
         and exists (select from public.fleet_runs r where r.id = $1 and r.status = 'running')
       order by i.schema_name limit $3 for update skip locked
     )
     update public.fleet_run_items i set status = 'running', lease_owner = $2,
       lease_until = now() + make_interval(secs => $4), attempts = i.attempts + 1,
       started_at = clock_timestamp(), finished_at = null, duration_ms = null, error = null, last_step = null
     from free where i.id = free.id
     returning i.id, i.schema_name as "schemaName", i.organization_id as "organizationId", i.wave, i.attempts,
       i.from_version as "fromVersion"`,
    [runId, runner, limit, LEASE_SECONDS],
  )
  return rows.sort((a, b) => (a.schemaName < b.schemaName ? -1 : 1))
}

/** Says that a runner lives; resolves to false when the run does not go on. */
export async function renewLeases(db: Queryable, runId: string, runner: string): Promise<boolean> {
  const { rows } = await db.query<{ running: boolean }>(
    `/* fleet.items.renew */
     with renewed as (
       update public.fleet_run_items set lease_until = now() + make_interval(secs => $3)
       where fleet_run_id = $1 and lease_owner = $2 and status = 'running'
         and lease_until < now() + make_interval(secs => $3 * 2 / 3.0)
     )
     select exists (select from public.fleet_runs where id = $1 and status = 'running') as running`,
    [runId, runner, LEASE_SECONDS],
  )
  return rows[0]?.running === true
}

/** Gives back what a runner claimed and did not finish, all but the items it still has. */
export async function releaseItems(
  db: Queryable,
  runId: string,
  runner: string,
  held: Iterable<string> = [],
): Promise<void> {
  await db.query(
    `/* fleet.items.release */
     update public.fleet_run_items set status = 'pending', lease_owner = null, lease_until = null
     where fleet_run_id = $1 and lease_owner = $2 and status = 'running' and id <> all($3::uuid[])`,
    [runId, runner, [...held]],
  )
}

/** Frees the items of runners that are gone. Resolves to their number. */
export async function reclaimItems(db: Queryable, runId: string, self: string): Promise<number> {
  const { rows } = await db.query<{ owner: string; expired: boolean }>(
    `/* fleet.items.owners */
     select lease_owner as owner, bool_or(lease_until < now()) as expired from public.fleet_run_items
     where fleet_run_id = $1 and status = 'running' and lease_owner <> $2 group by lease_owner`,
    [runId, self],
  )
  let reclaimed = 0
  for (const { owner, expired } of rows) {
    const isGone = (await advisoryLockHolder(db, runnerLockName(owner))) === undefined
    if (!isGone && !expired) continue
    const { rowCount } = await db.query(
      `/* fleet.items.reclaim */
       update public.fleet_run_items set status = 'pending', lease_owner = null, lease_until = null
       where fleet_run_id = $1 and lease_owner = $2 and status = 'running' and ($3 or lease_until < now())`,
      [runId, owner, isGone],
    )
    reclaimed += rowCount ?? 0
  }
  return reclaimed
}

/** The statement that ends an item well; sent with its last step, it commits together with that. */
export function finishStatement(item: ClaimedItem, runner: string, steps: number): string {
  return (
    `/* fleet.items.finish */ update public.fleet_run_items set status = 'succeeded', lease_until = null, ` +
    `finished_at = clock_timestamp(), steps = steps + ${Math.trunc(steps)}, error = null, ` +
    `duration_ms = (extract(epoch from clock_timestamp() - started_at) * 1000)::integer ` +
    `where id = ${pg.escapeLiteral(item.id)} and lease_owner = ${pg.escapeLiteral(runner)} and status = 'running';\n`
  )
}

/** Leaves an item out, and says why. */
export async function skipItem(db: Queryable, { id }: ClaimedItem, reason: string): Promise<void> {
  await db.query(
    `/* fleet.items.skip */ update public.fleet_run_items set status = 'skipped', error = $2, lease_until = null,
       finished_at = clock_timestamp() where id = $1`,
    [id, reason],
  )
}

export interface ItemFailure {
  /** For example `usage 0009_cost_allocations`. */
  readonly step: string
  readonly reason: string
  /** Steps done before. */
  readonly steps: number
}

/**
 * Ends an item badly and, in the same transaction, the run when that passes its limits: nobody claims anything
 * between the two. Resolves to why the run stopped, if it did.
 */
export async function failItem(
  client: pg.PoolClient,
  runId: string,
  item: ClaimedItem,
  { step, reason, steps }: ItemFailure,
): Promise<string | undefined> {
  return ownerTransactionOn(client, async (transaction) => {
    const { rows } = await transaction.query<FailureLimits & { status: string }>(
      `/* fleet.runs.lock */ select status, max_failures as "maxFailures", max_failure_rate::float8 as "maxFailureRate"
       from public.fleet_runs where id = $1 for update`,
      [runId],
    )
    await transaction.query(
      `/* fleet.items.fail */ update public.fleet_run_items set status = 'failed', error = $2, last_step = $3,
         steps = steps + $4, lease_until = null, finished_at = clock_timestamp(),
         duration_ms = (extract(epoch from clock_timestamp() - started_at) * 1000)::integer where id = $1`,
      [item.id, reason, step, steps],
    )
    const counts = await transaction.query<{ failed: number; failedInWave: number; inWave: number }>(
      `/* fleet.items.failures */
       select count(*) filter (where status = 'failed')::integer as failed,
         count(*) filter (where status = 'failed' and wave = $2)::integer as "failedInWave",
         count(*) filter (where wave = $2 and status <> 'skipped')::integer as "inWave"
       from public.fleet_run_items where fleet_run_id = $1`,
      [runId, item.wave],
    )
    const stopped = passedLimit(rows[0]!, { ...counts.rows[0]!, wave: item.wave })
    if (stopped === undefined || rows[0]!.status !== 'running') return undefined
    await transaction.query(
      `/* fleet.runs.stop */ update public.fleet_runs set status = 'failed', error = $2, finished_at = now(),
         updated_at = now() where id = $1`,
      [runId, stopped],
    )
    return stopped
  })
}

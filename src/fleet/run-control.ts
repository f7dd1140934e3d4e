import type pg from 'pg'
import type { Queryable } from '../database/advisory-lock.js'
import { ownerTransaction } from '../database/owner-transaction.js'
import { AppError } from '../errors.js'
import { findRun, type FleetRun, type FleetRunStatus } from './run-record.js'

/**
 * Ends a run in which nothing is left to do, as succeeded or failed. When its last runner was told to stop before
 * that, it is paused. Without effect while somebody works on it.
 */
export async function settleRun(db: Queryable, runId: string, wasStopped: boolean): Promise<void> {
  await db.query(
    `/* fleet.runs.settle */
     update public.fleet_runs r set updated_at = now(), succeeded_count = i.succeeded, failed_count = i.failed,
       status = case when r.status <> 'running' or i.running > 0 or (i.pending > 0 and not $2) then r.status
         when i.pending > 0 then 'paused' when i.failed > 0 then 'failed' else 'succeeded' end,
       error = case when r.status = 'running' and i.running = 0 and i.pending > 0 and $2 then 'its runner was stopped'
         else r.error end,
       finished_at = case when r.status = 'running' and i.running + i.pending = 0 then now() else r.finished_at end
     from (
       select count(*) filter (where status = 'succeeded') as succeeded,
         count(*) filter (where status = 'failed') as failed, count(*) filter (where status = 'pending') as pending,
         count(*) filter (where status = 'running') as running
       from public.fleet_run_items where fleet_run_id = $1
     ) i where r.id = $1`,
    [runId, wasStopped],
  )
}

/** Lets no further schema be begun; the run can be resumed. Pausing it twice changes nothing. */
export async function pauseRun(admin: pg.Pool, id: string): Promise<FleetRun> {
  return move(admin, id, { to: 'paused', from: ['running', 'paused'], verb: 'paused' })
}

/** Ends a run for good: what is done stays, the rest is not begun. Cancelling it twice changes nothing. */
export async function cancelRun(admin: pg.Pool, id: string): Promise<FleetRun> {
  return move(admin, id, {
    to: 'cancelled',
    from: ['pending', 'running', 'paused', 'failed', 'cancelled'],
    verb: 'cancelled',
  })
}

/**
 * Opens a run again for whatever is not done, what failed included; working on it is `workOnRun`. One that is running
 * stays as it is, so that a further runner can join; one that succeeded has nothing left.
 */
export async function reopenRun(admin: pg.Pool, id: string): Promise<FleetRun> {
  const { id: runId, status } = await findRun(admin, id)
  if (status === 'succeeded' || status === 'running') return findRun(admin, runId)
  return move(
    admin,
    runId,
    { to: 'running', from: ['pending', 'paused', 'failed', 'running'], verb: 'resumed' },
    `/* fleet.items.reopen */ update public.fleet_run_items set status = 'pending', lease_owner = null,
       lease_until = null where fleet_run_id = $1 and status = 'failed'`,
  )
}

interface Move {
  readonly to: FleetRunStatus
  readonly from: readonly FleetRunStatus[]
  /** `paused`, in "cannot be paused". */
  readonly verb: string
}

async function move(admin: pg.Pool, id: string, { to, from, verb }: Move, along?: string): Promise<FleetRun> {
  const { id: runId } = await findRun(admin, id)
  return ownerTransaction(admin, async (transaction) => {
    const { rows } = await transaction.query<{ status: FleetRunStatus }>(
      `/* fleet.runs.lock */ select status from public.fleet_runs where id = $1 for update`,
      [runId],
    )
    const { status } = rows[0]!
    if (!from.includes(status)) {
      throw new AppError('CONFLICT', `The fleet run ${runId} is ${status} and cannot be ${verb}.`, {
        run: runId,
        status,
      })
    }
    if (status !== to) {
      await transaction.query(
        `/* fleet.runs.move */ update public.fleet_runs set status = $2, error = null, updated_at = now(),
           finished_at = case when $2 = 'cancelled' then now() end where id = $1`,
        [runId, to],
      )
      if (along !== undefined) await transaction.query(along, [runId])
    }
    return findRun(transaction, runId)
  })
}

import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { isDatabaseDown } from '../database/postgres-error.js'
import { findRun, type FleetRun } from './run-record.js'

export interface WatchOptions {
  /** Milliseconds between two looks. */
  readonly interval?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * A run as it is now and whenever it has changed, until it comes to rest; the last one is how it rests. A database
 * that is away for a while is waited for. Throws like `findRun`.
 */
export async function* watchRun(
  admin: pg.Pool,
  id: string,
  { interval = 500, signal }: WatchOptions = {},
): AsyncGenerator<FleetRun, void, undefined> {
  const { id: runId } = await findRun(admin, id)
  let shown = ''
  while (signal?.aborted !== true) {
    const run = await findRun(admin, runId).catch((error: unknown) => {
      if (isDatabaseDown(error)) return undefined
      throw error
    })
    const isAtRest = run !== undefined && !isGoingOn(run)
    const text = JSON.stringify(run)
    if (run !== undefined && text !== shown) yield run
    shown = text
    if (isAtRest) return
    await sleep(interval, undefined, signal === undefined ? {} : { signal }).catch(() => {})
  }
}

/** Also a run that was paused or stopped goes on until its runners have finished what they had begun. */
function isGoingOn({ status, runners }: FleetRun): boolean {
  return status === 'running' || status === 'pending' || runners.length > 0
}

import type pg from 'pg'
import { acquireLock, releaseLock, schemaLockName } from '../database/advisory-lock.js'
import { withClient } from '../database/owner-transaction.js'

/** How long to wait for another process that works on the same tenant (ms). */
const DEFAULT_WAIT = 60_000

/**
 * Works on a schema while nobody else creates, migrates or drops it. The lock is held by the connection: when the
 * process is killed, it ends with it, and the next run can begin at once. Throws CONFLICT naming the holder.
 *
 * @param wait - milliseconds to wait for another process; a minute by default
 */
export async function underSchemaLock<Result>(
  admin: pg.Pool,
  schemaName: string,
  wait: number | undefined,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  return withClient(admin, async (client) => {
    const lock = schemaLockName(schemaName)
    await acquireLock(client, lock, wait ?? DEFAULT_WAIT)
    try {
      return await work(client)
    } finally {
      await releaseLock(client, lock).catch(() => {})
    }
  })
}

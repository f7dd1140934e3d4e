import type pg from 'pg'
import { acquireLock, releaseLock, schemaLockName } from '../database/advisory-lock.js'
import { withClient } from '../database/owner-transaction.js'
import { schemaOf, type TenantId } from './tenant-id.js'

/** Milliseconds to wait for another process that works on the same tenant. */
const DEFAULT_WAIT = 60_000

/**
 * Works on a tenant while nobody else does. The lock is held by the connection, so it ends with a killed process.
 * Throws CONFLICT naming the holder when it is not free in time.
 */
export async function withTenantLock<Result>(
  admin: pg.Pool,
  tenant: TenantId,
  work: (client: pg.PoolClient) => Promise<Result>,
  wait = DEFAULT_WAIT,
): Promise<Result> {
  return withClient(admin, async (client) => {
    const lock = schemaLockName(schemaOf(tenant))
    await acquireLock(client, lock, wait)
    try {
      return await work(client)
    } finally {
      await releaseLock(client, lock).catch(() => {})
    }
  })
}

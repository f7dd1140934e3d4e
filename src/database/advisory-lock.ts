import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { AppError } from '../errors.js'

/** A statement can be sent to it: a pool, or one client of it. */
export type Queryable = Pick<pg.Pool | pg.PoolClient, 'query'>

/** The session that holds a lock somebody else waits for. */
export interface LockHolder {
  readonly pid: number
  /** Seconds since its transaction (or, outside of one, its last statement) began. */
  readonly seconds: number
}

/** The 64-bit key of a named advisory lock, as decimal text that may stand in SQL as it is. */
export function lockKey(name: string): string {
  return createHash('sha256').update(`orgscope:${name}`).digest().readBigInt64BE(0).toString()
}

/** Name of the lock under which a schema is created, migrated and dropped. */
export function schemaLockName(schemaName: string): string {
  return `schema:${schemaName}`
}

/**
 * Takes a session-level advisory lock and waits for it at most `waitMs`. It is given back by `releaseLock` or by the
 * end of the connection, so a killed process leaves no lock behind. Throws CONFLICT naming the holder.
 *
 * It needs a direct connection: behind a transaction pooler a session is not ours for long.
 *
 * Waiting is asking again: a statement that waits inside Postgres holds a snapshot meanwhile, and a CREATE INDEX
 * CONCURRENTLY of the lock's holder would wait for that snapshot to go away.
 */
export async function acquireLock(client: Queryable, name: string, waitMs: number): Promise<void> {
  const deadline = Date.now() + waitMs
  for (let pause = 10; ; pause = Math.min(pause * 2, 250)) {
    if (await tryLock(client, name)) return
    if (Date.now() + pause > deadline) break
    await sleep(pause)
  }
  const holder = await advisoryLockHolder(client, name)
  throw new AppError(
    'CONFLICT',
    `The lock "${name}" was not free within ${waitMs} ms${describeHolder(holder)}. Wait for that process, or end it.`,
    { lock: name, ...(holder === undefined ? {} : { heldBy: holder.pid }) },
  )
}

async function tryLock(client: Queryable, name: string): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>(
    '/* lock.try */ select pg_try_advisory_lock($1::bigint) as taken',
    [lockKey(name)],
  )
  return rows[0]?.taken === true
}

/** Gives a session-level lock back. */
export async function releaseLock(client: Queryable, name: string): Promise<void> {
  await client.query('/* lock.release */ select pg_advisory_unlock($1::bigint)', [lockKey(name)])
}

/** Who holds a named advisory lock in this database, if anybody does. */
export async function advisoryLockHolder(db: Queryable, name: string): Promise<LockHolder | undefined> {
  const { rows } = await db.query<LockHolder>(
    `/* lock.advisory_holder */
     select held.pid, ${secondsOf('session')} as seconds
     from pg_locks held left join pg_stat_activity session on session.pid = held.pid
     where held.locktype = 'advisory' and held.granted and held.objsubid = 1
       and held.database = (select oid from pg_database where datname = current_database())
       and (held.classid::bigint << 32) | held.objid::bigint = $1::bigint
     limit 1`,
    [lockKey(name)],
  )
  return rows[0]
}

/** The longest-running session that the given backend waits for right now, if it waits. */
export async function blockerOf(db: Queryable, backendPid: number): Promise<LockHolder | undefined> {
  const { rows } = await db.query<LockHolder>(
    `/* lock.blocker */
     select blocker.pid, ${secondsOf('session')} as seconds
     from unnest(pg_blocking_pids($1)) as blocker (pid)
     left join pg_stat_activity session on session.pid = blocker.pid
     order by seconds desc limit 1`,
    [backendPid],
  )
  return rows[0]
}

function secondsOf(session: string): string {
  const since = `coalesce(${session}.xact_start, ${session}.state_change, now())`
  return `greatest(0, extract(epoch from clock_timestamp() - ${since}))::integer`
}

/** ` (held by pid 4121, 9 min)`, or nothing when the holder is not known. */
export function describeHolder(holder: LockHolder | undefined): string {
  if (holder === undefined) return ''
  const { pid, seconds } = holder
  return ` (held by pid ${pid}, ${seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`})`
}

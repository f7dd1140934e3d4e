import { sql } from 'kysely'
import { AppError, type ErrorDetails } from '../errors.js'
import { statements, type Session } from '../tenancy/session.js'
import type { WriteOptions } from './operation-context.js'

/** One root field of a mutation, sent under an idempotency key. */
export interface OnceRequest {
  readonly actorId: string
  readonly key: string
  /** The operation it belongs to, as far as it tells one operation from another: its root fields. */
  readonly scope: string
  /** Its name within the operation. */
  readonly field: string
  /** Hash of all of the above with the arguments. */
  readonly hash: string
}

/** What is kept of a first result. */
interface Kept {
  readonly field: string
  readonly result?: unknown
  /** In place of a result that holds a secret: what a retry is told. */
  readonly withheld?: ErrorDetails
}

interface KeptRow {
  readonly scope: string
  readonly hash: string
  readonly response: Kept
}

/** How many rows past their time one mutation takes along: more than it adds. */
const MOST_EXPIRED = 20

/**
 * Runs `work` unless it was run for the same request before: then its first result is answered for 24 hours. The
 * result is kept in the same transaction, so there is never one without the other; a second caller waits for the
 * first one's commit. Throws IDEMPOTENCY_MISMATCH when the key was used for another request, CONFLICT when the
 * first result was not kept.
 */
export async function runOnce<Result>(
  session: Session,
  request: OnceRequest,
  work: (session: Session) => Promise<Result>,
  { withheld }: WriteOptions<Result> = {},
): Promise<Result> {
  const kept = firstOf(request, await lockKey(session, request))
  if (kept?.withheld !== undefined) throw resultWithheld(kept.withheld)
  if (kept !== undefined) return kept.result as Result
  const result = await work(session)
  const { field } = request
  const response: Kept = withheld === undefined ? { field, result } : { field, withheld: withheld(result) }
  await Promise.all([keep(session, request, response), forgetExpired(session)])
  return result
}

/** Waits for whoever uses the key, then reads what is kept under it: the second statement sees their commit. */
async function lockKey(session: Session, { actorId, key }: OnceRequest): Promise<readonly KeptRow[]> {
  const lock = sql`/* idempotency_keys.lock */
    select pg_advisory_xact_lock(hashtextextended(${`${actorId} ${key}`}, hashtext(current_schema())))`
  const read = sql<KeptRow>`/* idempotency_keys.read */
    select scope, operation_hash as hash, response from idempotency_keys
    where actor_id = ${actorId} and key = ${key} and expires_at > now()`
  const [, rows] = await Promise.all([
    session.run(lock.compile(statements)),
    session.run(read.compile(statements)),
  ])
  return rows
}

/** The siblings of one operation share a key; each keeps its own result. */
function firstOf(request: OnceRequest, rows: readonly KeptRow[]): Kept | undefined {
  const known = rows.find(({ response }) => response.field === request.field)
  const foreign = rows.some(({ scope }) => scope !== request.scope)
  if (foreign || (known !== undefined && known.hash !== request.hash)) {
    throw new AppError(
      'IDEMPOTENCY_MISMATCH',
      'This idempotency key was used for another operation or other values. Make a new key for each intention.',
      { field: 'idempotencyKey' },
    )
  }
  return known?.response
}

function resultWithheld(details: ErrorDetails): AppError {
  return new AppError(
    'CONFLICT',
    'The first request with this idempotency key was carried out. Its answer held a secret and was not kept.',
    { field: 'idempotencyKey', ...details },
  )
}

/** What is past its time may still stand in the way. */
async function keep(session: Session, request: OnceRequest, response: Kept): Promise<void> {
  const { actorId, key, scope, hash } = request
  const query = sql`/* idempotency_keys.keep */
    insert into idempotency_keys (actor_id, key, operation_hash, scope, response, expires_at)
    values (${actorId}, ${key}, ${hash}, ${scope}, ${JSON.stringify(response)}, now() + interval '24 hours')
    on conflict (actor_id, key, operation_hash) do update set scope = excluded.scope,
      response = excluded.response, expires_at = excluded.expires_at, created_at = now()`
  await session.run(query.compile(statements))
}

async function forgetExpired(session: Session): Promise<void> {
  const query = sql`/* idempotency_keys.forget */
    delete from idempotency_keys where (actor_id, key, operation_hash) in (
      select actor_id, key, operation_hash from idempotency_keys where expires_at < now()
      order by expires_at limit ${MOST_EXPIRED} for update skip locked)`
  await session.run(query.compile(statements))
}

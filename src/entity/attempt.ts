import { sql } from 'kysely'
import { translatePostgresError } from '../database/postgres-error.js'
import { AppError, type ErrorCode } from '../errors.js'
import { statements, type Session } from '../tenancy/session.js'

/** What is wrong with one item and says nothing of the others; a lost connection or a time-out does. */
const OF_THE_ITEM: ReadonlySet<ErrorCode> = new Set(['BAD_USER_INPUT', 'CONFLICT_DUPLICATE'])

/**
 * Runs a part of a write transaction so that its failure undoes that part alone, and answers the failure. What is
 * not the fault of the values given is thrown.
 */
export async function attempt<Result>(
  session: Session,
  work: () => Promise<Result>,
): Promise<Result | AppError> {
  await run(session, 'savepoint item')
  try {
    const result = await work()
    await run(session, 'release savepoint item')
    return result
  } catch (error) {
    const known = error instanceof AppError ? error : translatePostgresError(error)
    if (known === undefined || !OF_THE_ITEM.has(known.code)) throw error
    await Promise.all([
      run(session, 'rollback to savepoint item'),
      // The savepoint outlives the rollback; thousands of them would pile up.
      run(session, 'release savepoint item'),
    ])
    return known
  }
}

function run(session: Session, statement: string): Promise<unknown> {
  return session.run(sql`/* bulk.item */ ${sql.raw(statement)}`.compile(statements))
}

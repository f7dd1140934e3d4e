import { CompiledQuery } from 'kysely'
import type pg from 'pg'
import { ReadSession, WriteSession } from '../../../src/tenancy/session.js'
import type { SessionScope } from '../../../src/tenancy/session-scope.js'

/** What the database did with a statement: its rows as text, or the SQLSTATE and message of its refusal. */
export interface Outcome {
  readonly code: string
  readonly message: string
  readonly rows: string
  readonly count: number
}

/** The code of a statement that was carried out. */
export const DONE = '00000'

/**
 * Sends statements as if they had been smuggled into a session of the gateway: same connection, same protocol, same
 * transaction form. Every statement stands on its own; nothing is committed.
 */
export async function intrude(
  pool: pg.Pool,
  scope: SessionScope,
  statements: readonly string[],
  { writing = false }: { readonly writing?: boolean } = {},
): Promise<readonly Outcome[]> {
  if (writing) return Promise.all(statements.map((statement) => intrudeWriting(pool, scope, statement)))
  const session = new ReadSession(pool, scope, { statementTimeout: 10_000 })
  const outcomes: Outcome[] = []
  for (const statement of statements) outcomes.push(await outcomeOf(session, statement))
  await session.close()
  return outcomes
}

async function intrudeWriting(pool: pg.Pool, scope: SessionScope, statement: string): Promise<Outcome> {
  const session = new WriteSession(pool, scope, { statementTimeout: 10_000 })
  try {
    return await outcomeOf(session, statement)
  } finally {
    await session.rollback()
  }
}

async function outcomeOf(session: ReadSession | WriteSession, statement: string): Promise<Outcome> {
  try {
    const rows = await session.run(CompiledQuery.raw(statement))
    return { code: DONE, message: '', rows: JSON.stringify(rows), count: rows.length }
  } catch (error) {
    const { code = 'unknown', message } = error as { code?: string; message: string }
    return { code, message, rows: '', count: 0 }
  }
}

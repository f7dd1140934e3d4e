import type { CompiledQuery, Kysely } from 'kysely'
import type pg from 'pg'
import { cancelAndDiscard } from '../database/cancel-statement.js'
import type { Database } from '../database/row-types.js'
import { extended, sendTogether } from './pipeline.js'
import { isStalePlan, PreparedStatements } from './prepared-statements.js'
import { kyselyThrough } from './session-kysely.js'
import { enterScope, type SessionScope } from './session-scope.js'
import { noteSchema } from './touched-schemas.js'

export { statements } from './session-kysely.js'

/** A database in one scope: compiled statements and a Kysely instance that run in one transaction. */
export interface Session {
  readonly db: Kysely<Database>
  run<Row>(query: CompiledQuery<Row>): Promise<readonly Row[]>
}

export interface SessionOptions {
  /** Milliseconds a statement may take; 0 means no limit. */
  readonly statementTimeout: number
  /** Whether statements are prepared on connections that prove to be direct; they are not when left out. */
  readonly preparedStatements?: boolean | undefined
  /** Organizations a connection serves before it is closed; without a limit when left out. */
  readonly tenantsPerConnection?: number | undefined
  /** Told the text of each statement before it is sent. */
  readonly onStatement?: ((sql: string) => void) | undefined
}

const BEGIN_READING = 'begin transaction isolation level repeatable read read only'
const BEGIN_WRITING = 'begin transaction isolation level read committed read write'
const TRANSACTION_ABORTED = '25P02'

/** What reading and writing share: a connection taken on the first statement and given back exactly once. */
abstract class PipelinedSession implements Session {
  readonly #pool: pg.Pool
  readonly #options: SessionOptions
  readonly #scope: SessionScope
  readonly #preamble: string
  #prepared: PreparedStatements | undefined
  #isStale = false
  #unanswered = 0
  #failed = false
  #isLast = false
  #client: Promise<pg.PoolClient> | undefined
  #entered: Promise<unknown> | undefined
  #db: Kysely<Database> | undefined
  #ended = false
  #aborted: Error | undefined

  constructor(pool: pg.Pool, scope: SessionScope, preamble: string, options: SessionOptions) {
    this.#pool = pool
    this.#scope = scope
    this.#preamble = preamble
    this.#options = options
  }

  get db(): Kysely<Database> {
    this.#db ??= kyselyThrough((query) => this.execute(query))
    return this.#db
  }

  /** True once a connection was asked for. No SQL, no connection. */
  get isOpen(): boolean {
    return this.#client !== undefined
  }

  /** True once a prepared statement failed because it was one: what it was to do has to be done again. */
  get isStale(): boolean {
    return this.#isStale
  }

  async run<Row>(query: CompiledQuery<Row>): Promise<readonly Row[]> {
    const result = await this.execute(query)
    return result.rows as Row[]
  }

  /**
   * Cancels what is running and gives the connection up, so that nothing of it is left for the next one. Whatever waits
   * for an answer, and whatever is sent from here on, fails with `reason`; nothing that was written stays. Without
   * effect once the session has ended: a COMMIT that was sent cannot be taken back.
   */
  async abort(reason: Error): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#aborted = reason
    const client = await this.#client?.catch(() => undefined)
    if (client !== undefined) await cancelAndDiscard(client)
  }

  protected abstract execute(query: CompiledQuery): Promise<pg.QueryResult>

  /** Sends the statement right behind the preamble, without waiting for the preamble's answer. */
  protected async send(query: CompiledQuery): Promise<pg.QueryResult> {
    this.#requireOpen()
    const client = await this.connect()
    this.#requireOpen()
    this.#options.onStatement?.(query.sql)
    sendTogether(client)
    const name = this.#isStale ? undefined : this.#prepared?.nameOf(this.#scope, query.sql)
    const answer = client.query(extended(query, name))
    // When the preamble fails, the statement fails behind it ("transaction is aborted"); say the first reason.
    answer.catch(() => {})
    this.#unanswered += 1
    try {
      await this.#entered
      return await answer
    } catch (error) {
      this.#failed = true
      if (name !== undefined && isStalePlan(error)) this.#giveUpNames()
      throw this.#aborted ?? error
    } finally {
      this.#unanswered -= 1
    }
  }

  /** The rest of the session does without prepared statements, and nobody else gets its connection. */
  #giveUpNames(): void {
    this.#isStale = true
    this.#prepared?.retire()
  }

  #requireOpen(): void {
    if (this.#ended) throw this.#aborted ?? new Error('the session has ended')
  }

  protected async sendText(text: string): Promise<void> {
    const client = await this.connect()
    // Once the session has ended, the connection may serve another one already.
    if (!this.#ended) await client.query(text)
  }

  protected connect(): Promise<pg.PoolClient> {
    this.#client ??= this.#pool.connect().then((client) => {
      if (this.#aborted !== undefined) {
        client.release()
        throw this.#aborted
      }
      if (this.#options.preparedStatements === true) this.#prepared = PreparedStatements.of(client)
      const { tenantsPerConnection = Number.POSITIVE_INFINITY } = this.#options
      const { organizationId, searchPath } = this.#scope
      this.#isLast = organizationId !== undefined && noteSchema(client, searchPath, tenantsPerConnection)
      sendTogether(client)
      this.#entered = client.query(this.#preamble)
      this.#entered.catch(() => {})
      return client
    })
    return this.#client
  }

  /**
   * Ends what only read. COMMIT is sent and not waited for: whoever takes the connection next sends behind it, it may be
   * in the same packet. Not while a statement is running, which nobody else should have to wait for; nor when one has
   * failed, perhaps because the connection is broken.
   */
  protected async endReading(): Promise<void> {
    if (this.#unanswered > 0 || this.#failed) return this.end('commit')
    if (this.#ended || this.#client === undefined) return
    this.#ended = true
    const client = await this.#client
    try {
      await this.#entered
    } catch (error) {
      client.release(true)
      throw error
    }
    sendTogether(client)
    // When the connection breaks, its next user hears of it.
    client.query('commit').catch(() => {})
    client.release(this.#isLast || this.#prepared?.isSpent === true)
  }

  /** Sends the last statement and gives the connection back when it is answered; a failed one is thrown away. */
  protected async end(text: 'commit' | 'rollback'): Promise<void> {
    if (this.#aborted !== undefined) throw this.#aborted
    if (this.#ended) return
    this.#ended = true
    if (this.#client === undefined) return
    const client = await this.#client
    let answer: pg.QueryResult
    try {
      // A connection that could not enter the scope may be in any state: whoever took it next would fail as well.
      await this.#entered
      answer = await client.query(text)
    } catch (error) {
      client.release(true)
      throw error
    }
    client.release(this.#isLast || this.#prepared?.isSpent === true)
    // Postgres answers COMMIT of a failed transaction with ROLLBACK and no error.
    if (answer.command !== text.toUpperCase()) throw new Error('the transaction was rolled back')
  }
}

/**
 * One snapshot for one operation: REPEATABLE READ READ ONLY, opened by its first statement. A failing statement
 * is rolled back to a savepoint behind the preamble, so that its siblings keep role, path and snapshot.
 */
export class ReadSession extends PipelinedSession {
  #recovery: Promise<void> | undefined

  constructor(pool: pg.Pool, scope: SessionScope, options: SessionOptions) {
    const preamble = `${BEGIN_READING}; ${enterScope(scope, options.statementTimeout)}; savepoint entered`
    super(pool, scope, preamble, options)
  }

  protected override async execute(query: CompiledQuery): Promise<pg.QueryResult> {
    for (;;) {
      const { isStale } = this
      try {
        return await this.send(query)
      } catch (error) {
        // Statements already sent behind a failing one fail with "aborted". They are sent again behind the rollback,
        // and once more for each further one that fails in front of them.
        if (codeOf(error) === TRANSACTION_ABORTED && this.#recovery !== undefined) {
          await this.#recovery
          continue
        }
        if (codeOf(error) !== undefined) {
          this.#recovery = this.sendText('rollback to savepoint entered')
          this.#recovery.catch(() => {})
        }
        if (isStalePlan(error) && this.isStale && !isStale) continue
        throw error
      }
    }
  }

  /** Ends the snapshot and gives the connection back. Never rejects. */
  async close(): Promise<void> {
    if (this.isOpen) await this.endReading().catch(() => {})
  }
}

/** One write transaction: all of it or none. After a failed statement only `rollback` is left. */
export class WriteSession extends PipelinedSession {
  constructor(pool: pg.Pool, scope: SessionScope, options: SessionOptions) {
    super(pool, scope, `${BEGIN_WRITING}; ${enterScope(scope, options.statementTimeout)}`, options)
  }

  protected override execute(query: CompiledQuery): Promise<pg.QueryResult> {
    return this.send(query)
  }

  commit(): Promise<void> {
    return this.end('commit')
  }

  async rollback(): Promise<void> {
    await this.end('rollback').catch(() => {})
  }
}

/**
 * Runs `work` in one write transaction and commits; any error rolls everything back. When a prepared statement was out
 * of date, whether or not `work` minded, all of it is rolled back and `work` runs once more without them.
 */
export async function inWriteSession<Result>(
  pool: pg.Pool,
  scope: SessionScope,
  options: SessionOptions,
  work: (session: WriteSession) => Promise<Result>,
): Promise<Result> {
  const session = new WriteSession(pool, scope, options)
  try {
    const result = await work(session)
    if (!session.isStale) {
      await session.commit()
      return result
    }
  } catch (error) {
    await session.rollback()
    if (!session.isStale) throw error
  }
  await session.rollback()
  return inWriteSession(pool, scope, { ...options, preparedStatements: false }, work)
}

/** Runs `work` in one read-only snapshot. */
export async function inReadSession<Result>(
  pool: pg.Pool,
  scope: SessionScope,
  options: SessionOptions,
  work: (session: ReadSession) => Promise<Result>,
): Promise<Result> {
  const session = new ReadSession(pool, scope, options)
  try {
    return await work(session)
  } finally {
    void session.close()
  }
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

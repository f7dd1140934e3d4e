import type DataLoader from 'dataloader'
import type pg from 'pg'
import {
  inWriteSession,
  ReadSession,
  type Session,
  type SessionOptions,
  type WriteSession,
} from '../tenancy/session.js'
import type { SessionScope } from '../tenancy/session-scope.js'
import type { ApiContext, RequestFacts } from './api.js'

/** How operations reach the database. */
export interface OperationDatabase {
  readonly pool: pg.Pool
  readonly session: SessionOptions
}

/** One operation in one scope of the database: a snapshot for reading, a transaction for each write. */
export abstract class ScopedOperation implements ApiContext {
  readonly requestId: string
  readonly ipAddress: string | undefined
  readonly userAgent: string | undefined
  readonly loaders = new Map<string | object, DataLoader<string, unknown>>()
  readonly #database: OperationDatabase
  readonly #scope: SessionScope
  #reading: ReadSession | undefined
  readonly #writing = new Set<WriteSession>()
  #ended = false
  #aborted: Error | undefined
  #aborting: Promise<unknown> | undefined

  constructor(database: OperationDatabase, scope: SessionScope, facts: RequestFacts) {
    this.#database = database
    this.#scope = scope
    this.requestId = facts.requestId
    this.ipAddress = facts.ipAddress
    this.userAgent = facts.userAgent
  }

  read(): Session {
    if (this.#aborted !== undefined) throw this.#aborted
    // A field that fails may end the operation while its siblings are still being resolved.
    if (this.#ended) throw new Error('the operation has ended')
    this.#reading ??= new ReadSession(this.#database.pool, this.#scope, this.#database.session)
    return this.#reading
  }

  async write<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const { pool, session } = this.#database
    // A snapshot kept open holds a connection: operations that wait for their second one would starve each other.
    await this.forgetReads()
    const result = await inWriteSession(pool, this.#scope, session, (writing) => this.#follow(writing, work))
    await this.forgetReads()
    return result
  }

  abort(reason: Error): void {
    if (this.#aborted !== undefined || this.#ended) return
    this.#aborted = reason
    const sessions = [...this.#writing, ...(this.#reading === undefined ? [] : [this.#reading])]
    this.#aborting = Promise.all(sessions.map((session) => session.abort(reason)))
  }

  async end(): Promise<void> {
    this.#ended = true
    await this.forgetReads()
    await this.#aborting
  }

  /** Knows the session while `work` runs in it, so that it can be aborted. */
  async #follow<Result>(session: WriteSession, work: (session: Session) => Promise<Result>): Promise<Result> {
    if (this.#aborted !== undefined) throw this.#aborted
    this.#writing.add(session)
    try {
      return await work(session)
    } finally {
      this.#writing.delete(session)
    }
  }

  /** Whatever is read from here on sees what was written until now. */
  protected async forgetReads(): Promise<void> {
    this.loaders.clear()
    const reading = this.#reading
    this.#reading = undefined
    await reading?.close()
  }
}

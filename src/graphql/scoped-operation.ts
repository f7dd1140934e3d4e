import type DataLoader from 'dataloader'
import type pg from 'pg'
import { inWriteSession, ReadSession, type Session, type SessionOptions } from '../tenancy/session.js'
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
  readonly loaders = new Map<string, DataLoader<string, unknown>>()
  readonly #database: OperationDatabase
  readonly #scope: SessionScope
  #reading: ReadSession | undefined
  #ended = false

  constructor(database: OperationDatabase, scope: SessionScope, facts: RequestFacts) {
    this.#database = database
    this.#scope = scope
    this.requestId = facts.requestId
    this.ipAddress = facts.ipAddress
    this.userAgent = facts.userAgent
  }

  read(): Session {
    // A field that fails may end the operation while its siblings are still being resolved.
    if (this.#ended) throw new Error('the operation has ended')
    this.#reading ??= new ReadSession(this.#database.pool, this.#scope, this.#database.session)
    return this.#reading
  }

  async write<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const { pool, session } = this.#database
    // A snapshot kept open holds a connection: operations that wait for their second one would starve each other.
    await this.forgetReads()
    const result = await inWriteSession(pool, this.#scope, session, work)
    await this.forgetReads()
    return result
  }

  end(): Promise<void> {
    this.#ended = true
    return this.forgetReads()
  }

  /** Whatever is read from here on sees what was written until now. */
  protected async forgetReads(): Promise<void> {
    this.loaders.clear()
    const reading = this.#reading
    this.#reading = undefined
    await reading?.close()
  }
}

import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type pg from 'pg'
import type { SessionScope } from './session-scope.js'

/** Statements that one connection remembers, prepared or seen once. Each takes the server some 10 to 50 kB. */
export const MOST_STATEMENTS = 500

/**
 * The statements prepared on one connection. A name belongs to one scope and one text and is made from both: a plan is
 * never shared across organizations, not even where a pooler hands connections around unnoticed. Names are used only
 * on connections that have proved to be direct, because a pooler may run the statement where nobody prepared it.
 */
export class PreparedStatements {
  static readonly #known = new WeakMap<pg.ClientBase, PreparedStatements>()

  readonly #names = new LRUCache<string, { readonly name: string | undefined }>({
    max: MOST_STATEMENTS,
    dispose: ({ name }, _key, reason) => {
      if (reason === 'evict' && name !== undefined) this.#spent = true
    },
  })
  #direct = false
  #spent = false

  private constructor(client: pg.ClientBase) {
    void this.#prove(client)
  }

  /** Those of a connection that is not inside a transaction. */
  static of(client: pg.ClientBase): PreparedStatements {
    let known = this.#known.get(client)
    if (known === undefined) this.#known.set(client, (known = new PreparedStatements(client)))
    return known
  }

  /** Whether the connection should be closed when it is given back: its server remembers too much, or what is not so. */
  get isSpent(): boolean {
    return this.#spent
  }

  /** Has the connection closed as soon as nobody needs it. */
  retire(): void {
    this.#spent = true
  }

  /** The name to run a text under; undefined the first time, as most of what is asked once is never asked again. */
  nameOf(scope: SessionScope, text: string): string | undefined {
    if (!this.#direct || this.#spent) return undefined
    const key = keyOf(scope, text)
    const known = this.#names.get(key)
    if (known?.name !== undefined) return known.name
    const name = known === undefined ? undefined : preparedName(scope, text)
    this.#names.set(key, { name })
    return name
  }

  /**
   * A pooler tells its clients a process id of its own making, since it has no server to name when they connect:
   * where the id of the login is that of the process which answers, there is none in between.
   */
  async #prove(client: pg.ClientBase): Promise<void> {
    try {
      const { rows } = await client.query<{ pid: number }>(
        '/* session.direct */ select pg_backend_pid() as pid',
      )
      this.#direct = rows[0]?.pid === (client as unknown as { processID: number | null }).processID
    } catch {
      // Whoever uses the connection next will hear of it.
    }
  }
}

/** Under which name a text is prepared in a scope: another scope or another text has another name, on any connection. */
export function preparedName(scope: SessionScope, text: string): string {
  return createHash('sha256').update(keyOf(scope, text)).digest('base64url')
}

function keyOf({ role, searchPath }: SessionScope, text: string): string {
  return `${role} ${searchPath} ${text}`
}

const FEATURE_NOT_SUPPORTED = '0A000'
const UNKNOWN_NAME = '26000'
const TAKEN_NAME = '42P05'

/**
 * True when a statement failed only because it was prepared: a migration changed the types of what it answers
 * ("cached plan must not change result type"), or the server does not have it.
 */
export function isStalePlan(error: unknown): boolean {
  const { code, routine } = (error ?? {}) as { code?: unknown; routine?: unknown }
  if (code === UNKNOWN_NAME || code === TAKEN_NAME) return true
  return code === FEATURE_NOT_SUPPORTED && routine === 'RevalidateCachedQuery'
}

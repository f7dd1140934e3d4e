import { sql } from 'kysely'
import type pg from 'pg'
import { platformScope } from './session-scope.js'
import { inReadSession, inWriteSession, statements, type Session, type SessionOptions } from './session.js'

/** Whose requests are counted. */
export interface Counted {
  readonly kind: 'key' | 'organization'
  readonly id: string
}

/** How many requests somebody may make in a calendar month (UTC). */
export interface Quota extends Counted {
  readonly allowed: number
}

/** A quota that is used up. */
export interface UsedUp {
  readonly quota: Quota
  /** Seconds until the next month begins. */
  readonly retryAfter: number
}

export interface RequestCountsOptions extends SessionOptions {
  /** Milliseconds between two flushes. */
  readonly flushInterval: number
  /** Told of a flush or a look-up that failed; its requests are counted with the next one. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number
}

interface Entry extends Counted {
  /** First day of the month, as text. */
  readonly period: string
  /** Requests of the month by all gateways, as the last look-up or flush knew them. */
  known: number
  /** Requests let in here since. */
  pending: number
  /** Flushes since the last request. */
  idle: number
  loading: Promise<void> | undefined
}

/** Flushes without a request after which a count is forgotten, to be looked up again when needed. */
const IDLE_FLUSHES = 60

/**
 * Counts requests by month against quotas, without a statement per request: what is known is looked up once, what is
 * added is kept here and flushed in batches, and each flush learns what the other gateways added. So the quota can be
 * passed by what the others let in between two flushes; a gateway that is killed forgets what it had not flushed.
 */
export class RequestCounts {
  readonly #pool: pg.Pool
  readonly #options: RequestCountsOptions
  readonly #entries = new Map<string, Entry>()
  #month: Month | undefined
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> = Promise.resolve()

  constructor(pool: pg.Pool, options: RequestCountsOptions) {
    this.#pool = pool
    this.#options = options
  }

  /** Counts one request against all of these, or against none when one is used up, which is returned. */
  async take(quotas: readonly Quota[]): Promise<UsedUp | undefined> {
    const month = this.#currentMonth()
    const entries = quotas.map((quota) => this.#entry(quota, month.first))
    await Promise.all(entries.map(({ loading }) => loading))
    const over = quotas.find(({ allowed }, index) => {
      const { known, pending } = entries[index] as Entry
      return known + pending >= allowed
    })
    if (over !== undefined) {
      return { quota: over, retryAfter: Math.max(1, Math.ceil((month.end - this.#now()) / 1000)) }
    }
    for (const entry of entries) {
      entry.pending++
      entry.idle = 0
    }
    return undefined
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.flush(), this.#options.flushInterval)
    this.#timer.unref()
  }

  /** Adds what was counted to the shared counts; what cannot be added now is kept for the next time. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flushAll())
    return this.#flushing
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }

  /** Made once a month, not once a request. */
  #currentMonth(): Month {
    const now = this.#now()
    if (this.#month === undefined || now < this.#month.begin || now >= this.#month.end)
      this.#month = monthOf(now)
    return this.#month
  }

  #entry({ kind, id }: Counted, period: string): Entry {
    const name = `${kind} ${id} ${period}`
    const known = this.#entries.get(name)
    if (known !== undefined) return known
    const entry: Entry = { kind, id, period, known: 0, pending: 0, idle: 0, loading: undefined }
    entry.loading = this.#load(entry)
      .catch((error: unknown) => {
        // Whatever the request wants next of the database fails by itself.
        this.#options.onError?.(error)
        if (entry.pending === 0) this.#entries.delete(name)
      })
      .finally(() => (entry.loading = undefined))
    this.#entries.set(name, entry)
    return entry
  }

  async #load(entry: Entry): Promise<void> {
    const known = await inReadSession(this.#pool, platformScope, this.#options, (session) =>
      learn(session, entry.kind, [entry]),
    )
    entry.known = known.get(entry) ?? 0
  }

  async #flushAll(): Promise<void> {
    const month = this.#currentMonth().first
    for (const kind of ['key', 'organization'] as const) {
      const entries = [...this.#entries.values()].filter((entry) => entry.kind === kind)
      if (entries.length > 0)
        await this.#share(kind, entries).catch((error) => this.#options.onError?.(error))
    }
    for (const [name, entry] of this.#entries) {
      const isOver = entry.period !== month || ++entry.idle > IDLE_FLUSHES
      if (isOver && entry.pending === 0 && entry.loading === undefined) this.#entries.delete(name)
    }
  }

  /** Adds what was counted here, and learns what was counted elsewhere. */
  async #share(kind: Counted['kind'], entries: readonly Entry[]): Promise<void> {
    const counted = entries.flatMap((entry) => (entry.pending > 0 ? [{ entry, added: entry.pending }] : []))
    const known =
      counted.length === 0
        ? await inReadSession(this.#pool, platformScope, this.#options, (session) =>
            learn(session, kind, entries),
          )
        : await inWriteSession(this.#pool, platformScope, this.#options, async (session) => {
            await add(session, kind, counted)
            return learn(session, kind, entries)
          })
    // Only now, and both at once: a request in between would find what was added here counted twice.
    for (const { entry, added } of counted) entry.pending -= added
    for (const entry of entries) entry.known = known.get(entry) ?? 0
  }
}

async function add(
  session: Session,
  kind: Counted['kind'],
  counted: readonly { readonly entry: Entry; readonly added: number }[],
): Promise<void> {
  const { table, column, owner, note } = TABLES[kind]
  const list = (of: (each: (typeof counted)[number]) => unknown): unknown[] => counted.map(of)
  // In the order of the keys, so that two gateways that flush at once do not wait for each other.
  const query = sql`/* request_counts.add */
    with given as (
      select * from unnest(${list(({ entry }) => entry.id)}::uuid[], ${list(({ entry }) => entry.period)}::date[],
        ${list(({ added }) => added)}::bigint[]) as g (id, period, requests)
    )${sql.raw(note)}
    insert into ${sql.table(table)} as u (${sql.ref(column)}, period, request_count)
    select g.id, g.period, g.requests from given g
    where exists (select from ${sql.table(owner)} o where o.id = g.id) order by g.id, g.period
    on conflict (${sql.ref(column)}, period)
      do update set request_count = u.request_count + excluded.request_count, updated_at = now()`
  await session.run(query.compile(statements))
}

/** The shared counts; one that is not there yet is 0. */
async function learn(
  session: Session,
  kind: Counted['kind'],
  entries: readonly Entry[],
): Promise<ReadonlyMap<Entry, number>> {
  const { table, column } = TABLES[kind]
  const [ids, periods] = [entries.map(({ id }) => id), entries.map(({ period }) => period)]
  const query = sql<{ place: number; count: number }>`/* request_counts.learn */
    select e.place, u.request_count as count
    from unnest(${ids}::uuid[], ${periods}::date[]) with ordinality as e (id, period, place)
    join ${sql.table(table)} u on u.${sql.ref(column)} = e.id and u.period = e.period`
  const rows = await session.run(query.compile(statements))
  return new Map(rows.map(({ place, count }) => [entries[Number(place) - 1] as Entry, Number(count)]))
}

/** Where each kind is counted. */
const TABLES = {
  key: {
    table: 'public.api_key_usage',
    column: 'api_key_id',
    owner: 'public.api_keys',
    // Whose last use is known by the way.
    note: `, used as (
        update public.api_keys k set last_used_at = now() from (select distinct id from given) g where k.id = g.id
      )`,
  },
  organization: {
    table: 'public.organization_api_usage',
    column: 'organization_id',
    owner: 'public.organizations',
    note: '',
  },
} as const

/** A calendar month (UTC): its first day as text, and from when until when it is, in milliseconds. */
interface Month {
  readonly first: string
  readonly begin: number
  readonly end: number
}

function monthOf(now: number): Month {
  const date = new Date(now)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const begin = Date.UTC(year, month)
  return { first: new Date(begin).toISOString().slice(0, 10), begin, end: Date.UTC(year, month + 1) }
}

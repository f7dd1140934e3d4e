import type pg from 'pg'
import type { DirectoryListener } from '../tenancy/directory-listener.js'
import type { SessionOptions } from '../tenancy/session.js'
import { tenantScope } from '../tenancy/session-scope.js'
import type { TenantId } from '../tenancy/tenant-id.js'
import type { EventPosition } from './event-position.js'
import { eventSource } from './event-source.js'
import { EventSubscription, type Interest } from './event-subscription.js'
import { Slots } from './slots.js'
import { TenantFeed } from './tenant-feed.js'
import { WakeupWatch, type WakeupWatchOptions } from './wakeup-watch.js'

/** Channel on which organizations with news are named: tenant ids, separated by commas. */
export const NEWS_CHANNEL = 'orgscope_news'

export interface EventHubOptions extends WakeupWatchOptions {
  readonly pool: pg.Pool
  readonly session: SessionOptions
  /** The gateway's one listening connection. */
  readonly listener: Pick<DirectoryListener, 'hear' | 'notify'>
  /** Told of what fails in the background; it is tried again. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** The organization whose events are meant. */
export interface EventPlace {
  readonly tenant: TenantId
  readonly organizationId: string
}

interface OpenFeed {
  readonly place: EventPlace
  readonly feed: TenantFeed
  subscriptions: number
}

/** Of the pool's connections, those that may be busy reading events: requests must not wait for subscribers. */
const MOST_READERS = 3
/** Milliseconds for which news are collected before they are told to other gateways at once. */
const COALESCE = 20
/** Bytes of one notification; Postgres takes less than 8,000. */
const LONGEST_NOTIFICATION = 7_900

/** All subscriptions of one gateway: a feed per organization that has subscribers here, and what wakes it. */
export class EventHub {
  readonly #options: EventHubOptions
  readonly #watch: WakeupWatch
  readonly #slots = new Slots(MOST_READERS)
  /** By organization id. */
  readonly #feeds = new Map<string, OpenFeed>()
  readonly #subscriptions = new Set<EventSubscription>()
  readonly #news = new Set<TenantId>()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #running = new Set<Promise<void>>()
  #isStopped = false

  constructor(options: EventHubOptions) {
    this.#options = options
    this.#watch = new WakeupWatch(options)
    options.listener.hear(NEWS_CHANNEL, {
      notified: (payload, isOwn) => {
        // What this gateway announced, it knew.
        if (!isOwn) this.#wakeTenants(new Set(payload.split(',')))
      },
      heard: (isHeard) => {
        // What was told while nobody listened was missed.
        if (isHeard) this.#wakeAll()
      },
    })
  }

  /** How many subscriptions are open. */
  get size(): number {
    return this.#subscriptions.size
  }

  /** How many connections may read events at once; those who deliver events share them. */
  get slots(): Slots {
    return this.#slots
  }

  start(): void {
    this.#repeat('poll', this.#watch.pollInterval, () => this.#poll())
    this.#repeat('sweep', this.#watch.sweepInterval, () => this.#watch.sweep())
  }

  /** Closes every subscription and waits for what runs in the background. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
    for (const subscription of [...this.#subscriptions]) subscription.close()
    await Promise.all(this.#running)
  }

  /** An organization has news that are committed. Wakes its subscribers here at once and elsewhere soon. */
  announce({ tenant, organizationId }: EventPlace): void {
    this.#feeds.get(organizationId)?.feed.wake()
    if (this.#isStopped) return
    this.#news.add(tenant)
    if (!this.#timers.has('tell')) this.#once('tell', COALESCE, () => this.#tell())
  }

  /** Opens a subscription to an organization's events; see {@link EventSubscription.open}. */
  async subscribe(
    place: EventPlace,
    interest: Interest,
    after: EventPosition | undefined,
  ): Promise<EventSubscription> {
    const open = this.#openFeed(place)
    try {
      await open.feed.start()
      const subscription = await EventSubscription.open(open.feed, interest, after, () => {
        this.#subscriptions.delete(subscription)
        this.#release(open)
      })
      this.#subscriptions.add(subscription)
      if (this.#isStopped) subscription.close()
      return subscription
    } catch (error) {
      this.#release(open)
      throw error
    }
  }

  #openFeed(place: EventPlace): OpenFeed {
    const known = this.#feeds.get(place.organizationId)
    if (known !== undefined) {
      known.subscriptions++
      return known
    }
    const { pool, session } = this.#options
    const scope = tenantScope(place.tenant, place.organizationId)
    const source = eventSource(pool, scope, session, this.#slots)
    const feed = new TenantFeed(source, (error) => this.#options.onError?.(error))
    const opened = { place, feed, subscriptions: 1 }
    this.#feeds.set(place.organizationId, opened)
    return opened
  }

  #release(open: OpenFeed): void {
    open.subscriptions--
    if (open.subscriptions > 0) return
    open.feed.close()
    if (this.#feeds.get(open.place.organizationId) === open) this.#feeds.delete(open.place.organizationId)
  }

  async #poll(): Promise<void> {
    // Without subscribers nothing is looked for; whoever comes later reads the outbox anyway.
    if (this.#feeds.size === 0) return
    const news = await this.#watch.look()
    if (news === 'everything') return this.#wakeAll()
    for (const organizationId of news) this.#feeds.get(organizationId)?.feed.wake()
  }

  async #tell(): Promise<void> {
    const tenants = [...this.#news]
    this.#news.clear()
    while (tenants.length > 0) {
      let payload = tenants.shift() as string
      while (tenants[0] !== undefined && payload.length + tenants[0].length < LONGEST_NOTIFICATION) {
        payload += `,${tenants.shift()}`
      }
      // Where it cannot be told now, the other gateways find the wake-ups when they look.
      await this.#options.listener.notify(NEWS_CHANNEL, payload).catch(() => {})
    }
  }

  #wakeTenants(tenants: ReadonlySet<string>): void {
    for (const { place, feed } of this.#feeds.values()) if (tenants.has(place.tenant)) feed.wake()
  }

  #wakeAll(): void {
    for (const { feed } of this.#feeds.values()) feed.wake()
  }

  #once(name: string, delay: number, work: () => Promise<void>): void {
    const timer = setTimeout(() => {
      this.#timers.delete(name)
      const running = work()
        .catch((error: unknown) => this.#options.onError?.(error))
        .finally(() => this.#running.delete(running))
      this.#running.add(running)
    }, delay)
    timer.unref()
    this.#timers.set(name, timer)
  }

  #repeat(name: string, interval: number, work: () => Promise<void>): void {
    this.#once(name, interval, async () => {
      try {
        await work()
      } finally {
        if (!this.#isStopped) this.#repeat(name, interval, work)
      }
    })
  }
}

import { missingModule } from '../../entity/operation-context.js'
import type { SubscriptionContext } from '../../entity/subscription-context.js'
import type { AppError } from '../../errors.js'
import { decodePosition } from '../../events/event-position.js'
import type { EventHub } from '../../events/event-hub.js'
import type { EventSubscription, Interest } from '../../events/event-subscription.js'
import type { OutboxEvent } from '../../events/outbox.js'
import type { Actor } from '../../tenancy/actor.js'
import type { ModuleUse } from '../../tenancy/module-access.js'
import type { Tenant } from '../../tenancy/tenant-resolver.js'
import type { RequestFacts } from '../api.js'
import type { OperationDatabase } from '../scoped-operation.js'
import { TenantContext } from '../tenant-context.js'

export interface SubscriptionOperationOptions extends OperationDatabase {
  readonly hub: EventHub
  readonly facts: RequestFacts
  readonly actor: Actor
  readonly tenant: Tenant
  /** Proves again that the client may be here. */
  readonly prove: () => Promise<Tenant>
  /** Told when the subscription is over. */
  readonly onEnd: () => void
}

/** Node's timers end at once when they are set for longer (ms). */
const LONGEST_TIMER = 2 ** 31 - 1

/** One subscription of one client. It holds a connection to the database only while something is being delivered. */
export class SubscriptionOperation extends TenantContext implements SubscriptionContext {
  readonly #hub: EventHub
  readonly #prove: () => Promise<Tenant>
  readonly #subscriptions: EventSubscription[] = []
  readonly #onEnd: () => void
  /** Modules it was found to be allowed to use: it lives as long as they all are there. */
  readonly #relied = new Set<string>()
  #expiry: NodeJS.Timeout | undefined
  #giveBack: (() => void) | undefined
  #refusal: AppError | undefined
  #isOver = false

  constructor({ hub, facts, actor, tenant, prove, onEnd, ...database }: SubscriptionOperationOptions) {
    super(database, facts, actor, tenant)
    this.#hub = hub
    this.#prove = prove
    this.#onEnd = onEnd
  }

  override moduleUse(module: string): ModuleUse {
    const use = super.moduleUse(module)
    if (use.allows !== 'nothing' && !this.#relied.has(module)) {
      this.#relied.add(module)
      this.#watchExpiry()
    }
    return use
  }

  /** What the organization has now. The subscription ends with the reason when a module it relies on is gone. */
  override proven(tenant: Tenant): void {
    super.proven(tenant)
    const [missing] = [...this.#relied].flatMap((module) => missingModule(this, module) ?? [])
    if (missing === undefined) return this.#watchExpiry()
    this.#refusal = missing
    this.#close()
  }

  async events(
    interest: Interest,
    after: string | null | undefined,
  ): Promise<AsyncIterable<readonly OutboxEvent[]>> {
    const position = after == null ? undefined : decodePosition(after)
    const subscription = await this.#hub.subscribe(this.tenant, interest, position)
    this.#subscriptions.push(subscription)
    // The client may have left while it was opened.
    if (this.#isOver) subscription.close()
    return this.#batchesOf(subscription)
  }

  async renew(): Promise<void> {
    await this.release()
    this.#giveBack = await this.#hub.slots.take()
    if (this.#isOver) return this.release()
    this.proven(await this.#prove())
    if (this.#refusal !== undefined) throw this.#refusal
  }

  /** Ends the snapshot: nothing is held while the client takes its time. */
  async release(): Promise<void> {
    await this.forgetReads()
    this.#giveBack?.()
    this.#giveBack = undefined
  }

  override async end(): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#expiry)
    this.#close()
    this.#onEnd()
    await super.end()
    await this.release()
  }

  #close(): void {
    for (const subscription of this.#subscriptions) subscription.close()
  }

  /** Access ends by the clock, and nobody announces it. */
  #watchExpiry(): void {
    clearTimeout(this.#expiry)
    const ends = [...this.#relied].flatMap((module) => this.tenant.modules.get(module)?.expiresAt ?? [])
    if (ends.length === 0 || this.#isOver) return
    const wait = Math.min(Math.max(0, Math.min(...ends) - Date.now()) + 1, LONGEST_TIMER)
    this.#expiry = setTimeout(() => this.proven(this.tenant), wait)
    this.#expiry.unref()
  }

  async *#batchesOf(subscription: EventSubscription): AsyncGenerator<readonly OutboxEvent[]> {
    try {
      for (;;) {
        await this.release()
        const events = await subscription.next()
        if (events === undefined) {
          if (this.#refusal !== undefined && !this.#isOver) throw this.#refusal
          return
        }
        yield events
      }
    } finally {
      subscription.close()
    }
  }
}

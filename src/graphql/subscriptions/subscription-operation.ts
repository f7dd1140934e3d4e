import type { SubscriptionContext } from '../../entity/subscription-context.js'
import { decodePosition } from '../../events/event-position.js'
import type { EventHub } from '../../events/event-hub.js'
import type { EventSubscription, Interest } from '../../events/event-subscription.js'
import type { OutboxEvent } from '../../events/outbox.js'
import type { Tenant } from '../../tenancy/tenant-resolver.js'
import type { Actor } from '../../tenancy/actor.js'
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
}

/** One subscription of one client. It holds a connection to the database only while something is being delivered. */
export class SubscriptionOperation extends TenantContext implements SubscriptionContext {
  readonly #hub: EventHub
  readonly #prove: () => Promise<Tenant>
  readonly #subscriptions: EventSubscription[] = []
  #giveBack: (() => void) | undefined
  #isOver = false

  constructor({ hub, facts, actor, tenant, prove, ...database }: SubscriptionOperationOptions) {
    super(database, facts, actor, tenant)
    this.#hub = hub
    this.#prove = prove
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
    this.tenant = await this.#prove()
  }

  /** Ends the snapshot: nothing is held while the client takes its time. */
  async release(): Promise<void> {
    await this.forgetReads()
    this.#giveBack?.()
    this.#giveBack = undefined
  }

  override async end(): Promise<void> {
    this.#isOver = true
    for (const subscription of this.#subscriptions) subscription.close()
    await super.end()
    await this.release()
  }

  async *#batchesOf(subscription: EventSubscription): AsyncGenerator<readonly OutboxEvent[]> {
    try {
      for (;;) {
        await this.release()
        const events = await subscription.next()
        if (events === undefined) return
        yield events
      }
    } finally {
      subscription.close()
    }
  }
}

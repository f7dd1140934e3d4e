import type { Interest } from '../events/event-subscription.js'
import type { OutboxEvent } from '../events/outbox.js'
import type { TenantOperation } from './operation-context.js'

/** What a subscription works with: one organization, for as long as the client listens. */
export interface SubscriptionContext extends TenantOperation {
  /**
   * The organization's events from now on, or from behind the one whose cursor is `after`; the first of them is then
   * that very event when it announces several objects. Throws BAD_USER_INPUT and EVENTS_EXPIRED.
   */
  events(interest: Interest, after: string | null | undefined): Promise<AsyncIterable<readonly OutboxEvent[]>>
  /**
   * Proves again who listens, and takes a new snapshot to read what is delivered next. To be called before each
   * reading. Throws what a request of the same client would be refused with.
   */
  renew(): Promise<void>
}

/** What a client is sent, one message for each, as the root value of the subscription's field. */
export type Deliveries<Payload> = AsyncIterable<readonly Payload[]>

/** How many objects are read, resolved and delivered together. */
export const DELIVERY_SIZE = 50

import { AppError } from '../../errors.js'
import type { EventHub } from '../../events/event-hub.js'
import type { Actor } from '../../tenancy/actor.js'
import type { AccessWatcher } from '../../tenancy/tenant-directory.js'
import type { TenantId } from '../../tenancy/tenant-id.js'
import { resolveTenant, type Tenant } from '../../tenancy/tenant-resolver.js'
import type { LimitedParty, RequestFacts } from '../api.js'
import { partyOf, requireActor, type TenantContextOptions } from '../tenant-context.js'
import { SubscriptionOperation } from './subscription-operation.js'

/** What is known of a client that connects; its credential can be checked again at any time. */
export interface ConnectionFacts extends Omit<RequestFacts, 'actor'> {
  authenticate(): Promise<Actor | undefined>
}

/** A client that stays connected, inside one organization from beginning to end. */
export interface SubscriberConnection {
  readonly tenant: TenantId
  /** Whose limits hold for what the client asks. */
  readonly party: LimitedParty
  /** Throws what a request of the same client would be refused with now. */
  prove(): Promise<void>
  createOperation(): SubscriptionOperation
}

/** The part of an API that serves clients that stay connected. */
export interface SubscriptionApi {
  /** Lets a client in by the rules of any request. Throws AppError. */
  connect(facts: ConnectionFacts): Promise<SubscriberConnection>
  /** Tells a watcher when clients may have to prove themselves again, until the returned function is called. */
  watchAccess(watcher: AccessWatcher): () => void
}

/** Subscriptions of the tenant API. */
export function subscriptionApi(options: TenantContextOptions, hub: EventHub): SubscriptionApi {
  const { directory, gate } = options
  return {
    watchAccess: (watcher) => directory.watch(watcher),
    async connect(facts) {
      const actor = requireActor(await facts.authenticate())
      const { tenant } = await resolveTenant(directory, actor, facts.organizationHeaders, gate)
      const prove = async (): Promise<Tenant> => {
        requireSame(actor, requireActor(await facts.authenticate()))
        return resolveTenant(directory, actor, [tenant], gate)
      }
      let current = await prove()
      const running = new Set<SubscriptionOperation>()
      return {
        tenant,
        get party() {
          return partyOf(current, actor)
        },
        async prove() {
          current = await prove()
          for (const operation of running) operation.proven(current)
        },
        createOperation() {
          const operation = new SubscriptionOperation({
            pool: options.pool,
            session: options.session,
            hub,
            facts: { ...facts, actor },
            actor,
            tenant: current,
            prove,
            onEnd: () => void running.delete(operation),
          })
          running.add(operation)
          return operation
        },
      }
    },
  }
}

/** An issuer's subject may be linked to somebody else meanwhile. */
function requireSame(before: Actor, now: Actor): void {
  if (identityOf(before) === identityOf(now)) return
  throw new AppError('UNAUTHENTICATED', 'The credential belongs to somebody else now. Connect again.')
}

function identityOf(actor: Actor): string {
  return actor.kind === 'person' ? actor.identityId : actor.apiKeyId
}

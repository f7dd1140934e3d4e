import type { GraphQLResolveInfo } from 'graphql'
import { Arg, Field, ObjectType, Resolver, Root, Subscription } from 'type-graphql'
import { all, type Condition } from '../../entity/condition.js'
import { filterCondition, type FilterInput } from '../../entity/filter.js'
import { readable } from '../../entity/read-access.js'
import { fieldsFor, type EntityRow } from '../../entity/rows.js'
import { selectionOf } from '../../entity/selection.js'
import {
  DELIVERY_SIZE,
  type Deliveries,
  type SubscriptionContext,
} from '../../entity/subscription-context.js'
import { decodePosition, encodePosition } from '../../events/event-position.js'
import type { OutboxEvent } from '../../events/outbox.js'
import { readUsageAdded, type AddedUsage } from './read-usage-added.js'
import { USAGE_TOPIC } from './usage-added-event.js'
import { UsageEvent, usageEvents } from './usage-event.entity.js'

@ObjectType({
  description: 'A use of an AI tool or model that was recorded just now.',
  simpleResolvers: true,
})
export class UsageEventAdded {
  @Field(() => String, { description: 'Give it as `after` to resume behind this event.' })
  readonly cursor!: string

  @Field(() => UsageEvent, { description: 'The event, as it is now.' })
  readonly usageEvent!: EntityRow
}

interface Arguments {
  readonly filter?: FilterInput | null
  readonly after?: string | null
}

@Resolver()
export class UsageEventAddedResolver {
  @Subscription(() => UsageEventAdded, {
    nullable: true,
    description:
      'Every use of an AI tool or model that is recorded, in the order in which they become visible.',
    subscribe: ({ args, context, info }) =>
      usageEventAdded(context as SubscriptionContext, args as Arguments, info),
  })
  usageEventAdded(
    @Root() added: UsageEventAdded,
    @Arg('filter', () => usageEvents.filterInput, {
      nullable: true,
      description: 'Which events are sent; all of them when left out.',
    })
    _filter?: FilterInput | null,
    @Arg('after', () => String, {
      nullable: true,
      description: 'Cursor of the last event received: goes on behind it. From now on when left out.',
    })
    _after?: string | null,
  ): UsageEventAdded {
    return added
  }
}

async function usageEventAdded(
  context: SubscriptionContext,
  { filter, after }: Arguments,
  info: GraphQLResolveInfo,
): Promise<Deliveries<UsageEventAdded>> {
  const fields = fieldsFor(usageEvents, selectionOf(info).usageEvent ?? {})
  const wanted = (): Condition =>
    all([readable(context, usageEvents), filterCondition(context, usageEvents, filter)])
  // What can be refused is refused now, not with the first event.
  wanted()
  const batches = await context.events(({ topic }) => topic === USAGE_TOPIC, after)
  const resumed = after == null ? undefined : decodePosition(after)
  return deliver()

  async function* deliver(): Deliveries<UsageEventAdded> {
    for await (const batch of batches) {
      let open = batch
      let within = batch[0]?.position.id === resumed?.id ? resumed?.within : undefined
      while (open.length > 0) {
        await context.renew()
        // Anew each time: what the actor may read can change while the subscription lasts.
        const where = wanted()
        const added = await readUsageAdded(context.read(), open, {
          fields,
          where,
          after: within,
          limit: DELIVERY_SIZE,
        })
        if (added.length > 0) yield added.map((one) => payloadOf(one, open))
        const last = added.at(-1)
        if (last === undefined || added.length < DELIVERY_SIZE) break
        open = open.slice(last.announcement)
        within = last.id
      }
    }
  }
}

function payloadOf({ row, id, announcement }: AddedUsage, open: readonly OutboxEvent[]): UsageEventAdded {
  const { position } = open[announcement] as OutboxEvent
  return { cursor: encodePosition({ ...position, within: id }), usageEvent: row }
}

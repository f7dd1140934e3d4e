import type { GraphQLResolveInfo } from 'graphql'
import { Arg, Field, ID, ObjectType, registerEnumType, Resolver, Root, Subscription } from 'type-graphql'
import { ENTITY_TOPIC } from '../../entity/audit-trail.js'
import { Node, type EntityDefinition } from '../../entity/entity.js'
import { encodeId } from '../../entity/global-id.js'
import { personOf } from '../../entity/operation-context.js'
import { all } from '../../entity/condition.js'
import { readable, readScope } from '../../entity/read-access.js'
import { fieldsFor, keyIn, selectRows, type EntityRow } from '../../entity/rows.js'
import { DateTime } from '../../entity/scalars.js'
import { selectionOf, type Selection } from '../../entity/selection.js'
import { keyFromId } from '../../entity/store.js'
import {
  DELIVERY_SIZE,
  type Deliveries,
  type SubscriptionContext,
} from '../../entity/subscription-context.js'
import { encodePosition } from '../../events/event-position.js'
import type { OutboxEvent } from '../../events/outbox.js'
import { modules } from '../modules.js'

/** Types whose changes are announced, by the value of `EntityType` that names them. */
export const announcedEntities: ReadonlyMap<string, EntityDefinition> = new Map(
  modules
    .flatMap(({ entities }) => entities)
    .filter((entity) => entity.announced)
    .map((entity) => [enumName(entity), entity]),
)

/** Types whose changes are announced; the values are the types' names. */
export const EntityType = Object.fromEntries(
  [...announcedEntities].map(([name, entity]) => [name, entity.name]),
) as Record<string, string>
registerEnumType(EntityType, {
  name: 'EntityType',
  description: 'A type of objects whose changes can be subscribed to.',
  valuesConfig: Object.fromEntries(
    [...announcedEntities].map(([name, entity]) => [name, { description: `\`${entity.name}\` objects.` }]),
  ),
})

/** `TeamMember` → `TEAM_MEMBER` */
function enumName({ name }: EntityDefinition): string {
  return name.replace(/(?<=[a-z])[A-Z]/g, '_$&').toUpperCase()
}

export enum EntityAction {
  CREATED = 'create',
  UPDATED = 'update',
  DELETED = 'delete',
}
registerEnumType(EntityAction, {
  name: 'EntityAction',
  description: 'What was done to an object.',
  valuesConfig: {
    CREATED: { description: 'It was made.' },
    UPDATED: { description: 'It was changed.' },
    DELETED: { description: 'It was deleted.' },
  },
})

@ObjectType({ description: 'That an object was created, changed or deleted.', simpleResolvers: true })
export class EntityChanged {
  @Field(() => String, { description: 'Give it as `after` to resume behind this change.' })
  readonly cursor!: string

  @Field(() => EntityType, { description: 'Type of the object.' })
  readonly type!: string

  @Field(() => EntityAction, { description: 'What was done to it.' })
  readonly action!: EntityAction

  @Field(() => ID, { description: 'Id of the object.' })
  readonly objectId!: string

  @Field(() => [String], { description: 'Names of the fields that were given or changed.' })
  readonly changedFields!: readonly string[]

  @Field(() => DateTime, { description: 'When it was done.' })
  readonly occurredAt!: string

  @Field(() => Node, {
    nullable: true,
    description: 'The object as it is now, which may be later than this change; null once it is deleted.',
  })
  readonly node!: EntityRow | null
}

interface Arguments {
  readonly type: string
  readonly id?: string | null
  readonly after?: string | null
}

@Resolver()
export class EntityChangedResolver {
  @Subscription(() => EntityChanged, {
    nullable: true,
    description:
      'Every change of objects of one type that may be seen, in the order in which they become visible.',
    subscribe: ({ args, context, info }) =>
      entityChanged(context as SubscriptionContext, args as Arguments, info),
  })
  entityChanged(
    @Root() change: EntityChanged,
    @Arg('type', () => EntityType, { description: 'Type of the objects.' }) _type: string,
    @Arg('id', () => ID, { nullable: true, description: 'One object only; all of them when left out.' })
    _id?: string | null,
    @Arg('after', () => String, {
      nullable: true,
      description: 'Cursor of the last change received: goes on behind it. From now on when left out.',
    })
    _after?: string | null,
  ): EntityChanged {
    return change
  }
}

async function entityChanged(
  context: SubscriptionContext,
  { type, id, after }: Arguments,
  info: GraphQLResolveInfo,
): Promise<Deliveries<EntityChanged>> {
  const entity = [...announcedEntities.values()].find(({ name }) => name === type) as EntityDefinition
  const key = id == null ? undefined : keyFromId(entity, id).join(' ')
  // What can be refused is refused now, not with the first event.
  readable(context, entity)
  const batches = await context.events(
    ({ topic, aggregateType, aggregateId }) =>
      topic === ENTITY_TOPIC && aggregateType === type && (key === undefined || aggregateId === key),
    after,
  )
  const { node } = selectionOf(info)
  return deliver()

  async function* deliver(): Deliveries<EntityChanged> {
    for await (const batch of batches) {
      for (let start = 0; start < batch.length; start += DELIVERY_SIZE) {
        await context.renew()
        const changes = await readChanges(context, entity, batch.slice(start, start + DELIVERY_SIZE), node)
        if (changes.length > 0) yield changes
      }
    }
  }
}

/** The changes that may be seen, each with its object where that is asked for or decides about it. */
async function readChanges(
  context: SubscriptionContext,
  entity: EntityDefinition,
  events: readonly OutboxEvent[],
  selection: Selection | undefined,
): Promise<EntityChanged[]> {
  const scope = readable(context, entity)
  const seesAll = readScope(context, entity) === 'all'
  const [field = 'id'] = entity.key
  const keys = [...new Set(events.map(({ aggregateId }) => String(aggregateId)))]
  const rows =
    seesAll && selection === undefined
      ? []
      : await selectRows(context.read(), entity, {
          fields: fieldsFor(entity, selection ?? {}),
          where: all([scope, keyIn(entity, field, keys)]),
        })
  const byKey = new Map(rows.map((row) => [String(row[field]), row]))
  const person = personOf(context)
  return events
    .filter(
      // Of what is gone, the event says whose it was.
      ({ aggregateId, payload }) =>
        seesAll || byKey.has(String(aggregateId)) || (person !== null && payload['owner'] === person),
    )
    .map((event) => changeOf(event, entity, byKey.get(String(event.aggregateId))))
}

function changeOf(event: OutboxEvent, entity: EntityDefinition, row: EntityRow | undefined): EntityChanged {
  const { eventType, aggregateId, payload, position, createdAt } = event
  const actions: readonly string[] = Object.values(EntityAction)
  return {
    cursor: encodePosition(position),
    type: entity.name,
    // A module's own word for what it did is a kind of change.
    action: actions.includes(eventType) ? (eventType as EntityAction) : EntityAction.UPDATED,
    objectId: encodeId(entity.name, String(aggregateId).split(' ')),
    changedFields: (payload['fields'] as string[] | undefined) ?? [],
    occurredAt: createdAt,
    node: row === undefined ? null : { ...row, __typename: entity.name },
  }
}

import { GraphQLSchema, type GraphQLObjectType, isInputObjectType, isObjectType } from 'graphql'
import { buildSchemaSync, getMetadataStorage, type NonEmptyArray, type PubSub } from 'type-graphql'
import type { ResolverClass } from '../entity/relations.js'

/** type-graphql asks for one as soon as there are subscriptions; each of ours brings its own events. */
const noTopics: PubSub = {
  publish: () => {
    throw new TypeError('events are written to the outbox, not published')
  },
  subscribe: () => {
    throw new TypeError('a subscription must say how to subscribe')
  },
}

/** Builds the schema of one API from its resolvers alone, whatever was built before it. */
export function buildApiSchema(resolvers: readonly ResolverClass[]): GraphQLSchema {
  // type-graphql leaves the fields of field resolvers on the types they extend, where the next schema would find them
  // without their resolvers.
  for (const type of getMetadataStorage().objectTypes) delete type.fields
  const schema = buildSchemaSync({
    resolvers: resolvers as unknown as NonEmptyArray<() => void>,
    validate: false,
    pubSub: noTopics,
  })
  return withDescribedRoots(withoutForeignFilters(schema))
}

/** Says of the root types what they are for, for which type-graphql has no place. */
function withDescribedRoots(schema: GraphQLSchema): GraphQLSchema {
  const describe = (root: GraphQLObjectType | null | undefined, description: string): void => {
    if (root) root.description = description
  }
  describe(schema.getQueryType(), 'What can be read.')
  describe(schema.getMutationType(), 'What can be changed; the fields of an operation run in order.')
  describe(schema.getSubscriptionType(), 'What can be listened to.')
  return schema
}

const CONNECTIVES = new Set(['and', 'or', 'not'])

/**
 * A schema whose filters follow only relations that it has. Filters belong to entities and know every relation of
 * theirs: in the platform API, that of a tool would lead to the usage of an organization.
 */
function withoutForeignFilters(schema: GraphQLSchema): GraphQLSchema {
  for (const filter of Object.values(schema.getTypeMap())) {
    const type = schema.getType(filter.name.replace(/Filter$/, ''))
    if (!isInputObjectType(filter) || !isObjectType(type)) continue
    const fields = filter.getFields()
    for (const name of Object.keys(fields))
      if (!CONNECTIVES.has(name) && !Object.hasOwn(type.getFields(), name)) delete fields[name]
  }
  // Built anew from what is reachable: what only those fields led to is gone with them.
  const config = schema.toConfig()
  return new GraphQLSchema({ ...config, types: config.types.filter(isObjectType) })
}

import type { GraphQLSchema } from 'graphql'
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
  return buildSchemaSync({
    resolvers: resolvers as unknown as NonEmptyArray<() => void>,
    validate: false,
    pubSub: noTopics,
  })
}

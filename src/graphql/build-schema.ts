import type { GraphQLSchema } from 'graphql'
import { buildSchemaSync, getMetadataStorage, type NonEmptyArray } from 'type-graphql'
import type { ResolverClass } from '../entity/relations.js'

/** Builds the schema of one API from its resolvers alone, whatever was built before it. */
export function buildApiSchema(resolvers: readonly ResolverClass[]): GraphQLSchema {
  // type-graphql leaves the fields of field resolvers on the types they extend, where the next schema would find them
  // without their resolvers.
  for (const type of getMetadataStorage().objectTypes) delete type.fields
  return buildSchemaSync({
    resolvers: resolvers as unknown as NonEmptyArray<() => void>,
    validate: false,
  })
}

import { GraphQLError, type OperationDefinitionNode } from 'graphql'

/** An error as compiled code makes it: it looks like a GraphQL error and knows its place, but not the nodes. */
export type CompiledError = Pick<GraphQLError, 'message' | 'locations' | 'path' | 'originalError'>

/** Arguments are checked while an operation runs when a nullable variable stands for a non-null argument. */
const ARGUMENT = /^Argument "/

/** The error graphql-js would have reported: with path, place and the error it comes from. */
export function locatedError(error: CompiledError, operation: OperationDefinitionNode): GraphQLError {
  const { message, locations, path } = error
  const original = originalOf(error, operation)
  if (original instanceof GraphQLError && original.path !== undefined) return original
  const located = new GraphQLError(message, {
    path: path ?? null,
    originalError: original,
    nodes: original instanceof GraphQLError ? (original.nodes ?? null) : null,
  })
  Object.assign(located, { locations })
  return located
}

function originalOf({ message, originalError }: CompiledError, operation: OperationDefinitionNode): Error {
  if (originalError instanceof Error) return originalError
  if (originalError !== undefined) return new Error(`Something was thrown that is no error: ${message}`)
  // What points at the document is the client's business; whatever else has no origin is a fault of ours.
  return ARGUMENT.test(message) ? new GraphQLError(message, { nodes: operation }) : new Error(message)
}

import {
  getOperationAST,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql'
import type { Config } from '../../config.js'

/** A GraphQL request as a client sends it; nothing in it is known to be right. */
export interface GraphqlParameters {
  readonly query?: unknown
  readonly operationName?: unknown
  readonly variables?: unknown
}

/** A document with one subscription to run. */
export interface PreparedOperation {
  readonly schema: GraphQLSchema
  readonly document: DocumentNode
  readonly operationName: string | undefined
  readonly variableValues: Readonly<Record<string, unknown>>
}

export type OperationLimits = Pick<Config, 'introspection' | 'maxQueryTokens'>

/** Reads and checks a subscription's document. What is wrong with it is returned. */
export function prepareOperation(
  schema: GraphQLSchema,
  { query, operationName, variables }: GraphqlParameters,
  { introspection, maxQueryTokens }: OperationLimits,
): PreparedOperation | readonly GraphQLError[] {
  if (typeof query !== 'string' || query.trim() === '') return [bad('Send the document as text in query.')]
  if (operationName != null && typeof operationName !== 'string')
    return [bad('operationName must be a text.')]
  if (variables != null && !isObject(variables)) return [bad('variables must be an object.')]
  let document: DocumentNode
  try {
    document = parse(query, { maxTokens: maxQueryTokens })
  } catch (error) {
    return [withCode(error as GraphQLError, 'GRAPHQL_PARSE_FAILED')]
  }
  const operation = getOperationAST(document, operationName)
  if (operation == null) {
    return [withCode(new GraphQLError('Name one operation of the document.'), 'OPERATION_RESOLUTION_FAILURE')]
  }
  if (operation.operation !== 'subscription') {
    return [bad(`This connection is for subscriptions. Send a ${operation.operation} by POST to /graphql.`)]
  }
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule]
  const mistakes = validate(schema, document, rules)
  if (mistakes.length > 0) return mistakes.map((mistake) => withCode(mistake, 'GRAPHQL_VALIDATION_FAILED'))
  return {
    schema,
    document,
    operationName: operationName ?? undefined,
    variableValues: (variables ?? {}) as Record<string, unknown>,
  }
}

/** True for what {@link prepareOperation} found wrong. */
export function areMistakes(
  prepared: PreparedOperation | readonly GraphQLError[],
): prepared is readonly GraphQLError[] {
  return Array.isArray(prepared)
}

function bad(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST' } })
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  const { message, nodes = null, source, positions } = error
  return new GraphQLError(message, {
    nodes,
    source: source ?? null,
    positions: positions ?? null,
    extensions: { code },
  })
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

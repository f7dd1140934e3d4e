import {
  getOperationAST,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql'
import type { Config } from '../../config.js'
import { AppError } from '../../errors.js'
import type { LimitedParty } from '../../graphql/api.js'
import type { PersistedDocuments } from '../../graphql/execution/persisted-documents.js'
import type { Gate } from '../../graphql/limits/gate.js'
import { requireCost, type QueryCost } from '../../graphql/limits/query-cost.js'
import { hashOf } from '../document-name.js'

/** A GraphQL request as a client sends it; nothing in it is known to be right. */
export interface GraphqlParameters {
  readonly query?: unknown
  readonly operationName?: unknown
  readonly variables?: unknown
  /** May name the document by its hash instead of `query`. */
  readonly extensions?: unknown
}

/** A document with one subscription to run. */
export interface PreparedOperation {
  readonly schema: GraphQLSchema
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
  readonly operationName: string | undefined
  readonly variableValues: Readonly<Record<string, unknown>>
}

/** What every operation of a client is held to, over whichever transport. */
export interface OperationRules extends Pick<Config, 'introspection' | 'maxQueryTokens'> {
  readonly gate: Gate
  readonly persisted: PersistedDocuments
  readonly costs: QueryCost
}

/**
 * Reads and checks a subscription's document, by the limits of any request, of which its beginning is one. What is
 * wrong with it is returned.
 */
export async function prepareOperation(
  schema: GraphQLSchema,
  parameters: GraphqlParameters,
  rules: OperationRules,
  party: LimitedParty,
): Promise<PreparedOperation | readonly GraphQLError[]> {
  try {
    const { gate, costs } = rules
    const limits = gate.limitsOf(party)
    const { refusal, release } = gate.admit(party, limits)
    release()
    if (refusal !== undefined) throw refusal
    const text = typeof parameters.query === 'string' ? parameters.query : undefined
    const query = rules.persisted.requireText({ query: text, hash: hashOf(parameters.extensions) })
    if (query !== undefined) gate.requireShape(query, limits)
    const prepared = readOperation(schema, { ...parameters, query }, rules)
    if (areMistakes(prepared)) return prepared
    const { document, operation, variableValues } = prepared
    requireCost(costs.of(document, operation, variableValues), limits.queryCost)
    await gate.takeFromQuotas(party, limits)
    return prepared
  } catch (error) {
    if (error instanceof AppError) return [new GraphQLError(error.message, { originalError: error })]
    throw error
  }
}

function readOperation(
  schema: GraphQLSchema,
  { query, operationName, variables }: GraphqlParameters,
  { introspection, maxQueryTokens }: OperationRules,
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
    operation,
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

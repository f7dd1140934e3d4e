import {
  HeaderMap,
  type ApolloServerPlugin,
  type GraphQLRequestContext,
  type GraphQLResponse,
} from '@apollo/server'
import type { ExecutionResult } from 'graphql'
import type { ApiContext, GraphqlApi } from '../graphql/api.js'
import type { CompiledOperations } from '../graphql/execution/compiled-operations.js'
import { answerIntrospection, asksForSchema } from '../graphql/introspection/answer-introspection.js'
import { formatClientError } from './graphql-errors.js'

/**
 * Has questions about the schema answered from what is offered to who asks, and operations executed by compiled code,
 * where there is any; what neither can do, Apollo Server does with graphql-js.
 */
export function executionPlugin(
  { schema, offeredSchema }: GraphqlApi,
  operations: CompiledOperations | undefined,
): ApolloServerPlugin<ApiContext> {
  return {
    async requestDidStart() {
      return {
        async responseForOperation(context) {
          const { queryHash, document, request, contextValue } = context
          const { operationName, variables } = request
          if (offeredSchema !== undefined && asksForSchema(document, operationName)) {
            const args = { schema, document, operationName, contextValue, variableValues: variables }
            const answer = await answerIntrospection(args, offeredSchema(contextValue))
            return answer === undefined ? null : responseOf(context, answer)
          }
          if (queryHash === undefined) return null
          const result = await operations?.execute({
            key: queryHash,
            document,
            operationName,
            variables,
            context: contextValue,
          })
          return result === undefined ? null : responseOf(context, result)
        },
      }
    },
  }
}

/** What Apollo Server makes of a result it executed itself. */
function responseOf(
  context: GraphQLRequestContext<ApiContext>,
  { data = null, errors }: ExecutionResult,
): GraphQLResponse {
  const http = { headers: new HeaderMap() }
  if (errors === undefined) return { http, body: { kind: 'single', singleResult: { data } } }
  // Apollo tells plugins of errors it found itself; they look here for those of the answer.
  Object.assign(context, { errors })
  const formatted = errors.map((error) => formatClientError(error.toJSON(), error))
  return { http, body: { kind: 'single', singleResult: { data, errors: formatted } } }
}

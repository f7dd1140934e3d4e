import type { ApolloServerPlugin } from '@apollo/server'
import type { ApiContext } from '../graphql/api.js'
import { QueryCost, requireCost } from '../graphql/limits/query-cost.js'
import type { ExchangeFinder } from './request-plugin.js'

/** A request that carries it with the value 1 is told what it cost. */
export const costHeader = 'x-orgscope-cost'

/** Refuses operations whose answers could be too large, and tells the cost of a query to those who ask for it. */
export function costPlugin(exchangeOf: ExchangeFinder): ApolloServerPlugin<ApiContext> {
  let costs: QueryCost | undefined
  return {
    async serverWillStart({ schema }) {
      costs = new QueryCost(schema)
    },
    async requestDidStart({ request: { http, variables } }) {
      const exchange = exchangeOf(http)
      if (exchange === undefined) return
      let cost: number | undefined
      return {
        async didResolveOperation({ document, operation }) {
          const { limits } = exchange
          if (operation == null || limits === undefined || costs === undefined) return
          cost = costs.of(document, operation, variables)
          requireCost(cost, limits.queryCost)
        },
        async willSendResponse({ response: { body } }) {
          if (http?.headers.get(costHeader) !== '1' || cost === undefined || body?.kind !== 'single') return
          const allowed = exchange.limits?.queryCost
          body.singleResult.extensions = { ...body.singleResult.extensions, cost: { asked: cost, allowed } }
        },
      }
    },
  }
}

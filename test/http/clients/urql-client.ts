import { cacheExchange } from '@urql/exchange-graphcache'
import { relayPagination } from '@urql/exchange-graphcache/extras'
import { createClient as createEventStream } from 'graphql-sse'
import { createClient as createSocket, type Sink } from 'graphql-ws'
import { Client, fetchExchange, subscriptionExchange, type SubscriptionForwarder } from 'urql'

type Headers = Record<string, string>
type TeamInput = { id: string; name?: string; description?: string | null }

/** urql for one organization. `url` is the gateway's; `headers` are `org-id` and `authorization`. */
export function urqlClient(url: string, headers: Headers, forward = overWebSocket(url, headers)) {
  return new Client({
    url: `${url}/graphql`,
    fetchOptions: { headers },
    // Otherwise short queries go by GET, and their variables into the logs of every proxy.
    preferGetMethod: false,
    exchanges: [
      cacheExchange({
        // A line for every list you page: pages of the same filter and order are joined.
        resolvers: { Query: { users: relayPagination() } },
        // Types without an id are values and belong to what they are found in.
        keys: { Money: () => null, Viewer: () => null },
        // Shown until the answer is there, and taken back when it is a refusal.
        optimistic: {
          updateTeam: ({ input }) => ({
            __typename: 'UpdateTeamPayload',
            team: { __typename: 'Team', ...(input as TeamInput) },
          }),
        },
      }),
      fetchExchange,
      subscriptionExchange({ forwardSubscription: forward }),
    ],
  })
}

export function overWebSocket(url: string, headers: Headers): SubscriptionForwarder {
  const socket = createSocket({ url: `${url.replace('http', 'ws')}/graphql`, connectionParams: headers })
  return ({ query = '', variables = {} }) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink as Sink) }),
  })
}

export function overEventStream(url: string, headers: Headers): SubscriptionForwarder {
  const stream = createEventStream({ url: `${url}/graphql/stream`, headers })
  return ({ query = '', variables = {} }) => ({
    subscribe: (sink) => ({ unsubscribe: stream.subscribe({ query, variables }, sink as Sink) }),
  })
}

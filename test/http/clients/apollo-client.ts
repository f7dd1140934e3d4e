import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client'
import { SetContextLink } from '@apollo/client/link/context'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { isSubscriptionOperation, relayStylePagination } from '@apollo/client/utilities'
import { createClient } from 'graphql-ws'

/** Apollo Client for one organization. `url` is the gateway's; every request and connection asks for a token. */
export function apolloClient(url: string, organization: string, freshToken: () => Promise<string>) {
  const headers = async () => ({ 'org-id': organization, authorization: `Bearer ${await freshToken()}` })
  const socket = createClient({ url: `${url.replace('http', 'ws')}/graphql`, connectionParams: headers })
  return new ApolloClient({
    link: ApolloLink.split(
      ({ query }) => isSubscriptionOperation(query),
      new GraphQLWsLink(socket),
      new SetContextLink(async (context) => ({
        headers: { ...context.headers, ...(await headers()) },
      })).concat(new HttpLink({ uri: `${url}/graphql` })),
    ),
    cache: new InMemoryCache({
      typePolicies: {
        // A line for every list you page: pages of the same filter and order are joined.
        Query: { fields: { users: relayStylePagination(['filter', 'orderBy', 'search']) } },
        // It has no id, because there is only one.
        Viewer: { keyFields: [] },
      },
    }),
  })
}

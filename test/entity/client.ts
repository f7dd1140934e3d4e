import type { Answer, TestClient } from '../support/gateway.js'

/** Sends operations with credentials that are made once: property tests send many. */
export interface QuickClient {
  send<Data = Record<string, unknown>>(
    query: string,
    variables?: Readonly<Record<string, unknown>>,
  ): Promise<Answer<Data>>
  /** Data of an operation that must succeed. */
  query<Data = Record<string, unknown>>(
    query: string,
    variables?: Readonly<Record<string, unknown>>,
  ): Promise<Data>
}

export async function quick(client: TestClient): Promise<QuickClient> {
  const headers = await client.headers()
  const { gateway } = client.organization
  return {
    send: (query, variables) => gateway.send('/graphql', headers, query, variables),
    async query<Data>(query: string, variables?: Readonly<Record<string, unknown>>): Promise<Data> {
      const { data, errors } = await gateway.send<Data>('/graphql', headers, query, variables)
      if (errors !== undefined) throw new Error(JSON.stringify(errors))
      return data
    },
  }
}

/** Runs of every property here; each run speaks to the database. */
export const RUNS = 30

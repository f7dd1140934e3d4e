import { createHash } from 'node:crypto'
import { ApolloClient, gql, HttpLink, InMemoryCache, type ObservableQuery } from '@apollo/client'
import { CombinedGraphQLErrors } from '@apollo/client/errors'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { TestGateway, type TestOrganization } from '../../support/gateway.js'
import { eventually, subscribed } from '../../support/subscriber.js'
import { apolloClient } from './apollo-client.js'
import {
  ADD_TEAM,
  addressesOf,
  DESCRIBE_TEAM,
  describeElsewhere,
  everybody,
  FOLLOW_KEYS,
  FOLLOW_TEAM,
  newTeam,
  PEOPLE,
  peopledOrganization,
  provideWebSocket,
  TEAM,
  type People,
  type TeamData,
} from './support.js'

let gateway: TestGateway
let acme: TestOrganization
beforeAll(async () => {
  provideWebSocket()
  gateway = await TestGateway.start()
  acme = await peopledOrganization(gateway)
})
afterAll(() => gateway?.close())

async function clientOf(role: 'admin' | 'viewer'): Promise<ApolloClient> {
  const { authorization = '' } = await acme.as(role).headers()
  return clientWith(authorization.replace('Bearer ', ''))
}

async function clientWith(token: string): Promise<ApolloClient> {
  return apolloClient(await gateway.url(), acme.id, async () => token)
}

/** Opens a view of a query; what it shows now. `each` is told everything it shows. */
async function open<Data>(
  list: ObservableQuery<Data>,
  each: (data: Data | undefined) => void = () => {},
): Promise<() => Data | undefined> {
  await new Promise<void>((resolve) => {
    list.subscribe(({ data, dataState }) => {
      if (dataState !== 'complete') return
      each(data as Data)
      resolve()
    })
  })
  return () => list.getCurrentResult().data as Data | undefined
}

function errorsOf(error: unknown): CombinedGraphQLErrors['errors'] {
  expect(error).toBeInstanceOf(CombinedGraphQLErrors)
  return (error as CombinedGraphQLErrors).errors
}

test('a query fills the normalized cache by the global ids', async () => {
  const client = await clientOf('admin')
  const id = await newTeam(acme, 'Cached')
  await client.query({ query: gql(TEAM), variables: { id } })
  expect(client.cache.extract()).toHaveProperty([`Team:${id}`, 'name'], 'Cached')
})

test('a list is walked page by page into one list, in the database’s order', async () => {
  const client = await clientOf('admin')
  const list = client.watchQuery<People>({ query: gql(PEOPLE) })
  const shown = await open(list)
  let page = shown()?.users?.pageInfo
  while (page?.hasNextPage) {
    const { data } = await list.fetchMore({ variables: { after: page.endCursor } })
    page = data?.users?.pageInfo
  }
  const all = await everybody(acme)
  expect(all.length).toBeGreaterThan(20)
  await eventually(() => addressesOf(shown())).toEqual(all)
  expect(shown()?.users).toMatchObject({ totalCount: all.length, pageInfo: { hasNextPage: false } })
})

test('what a mutation answers is in every view of the object', async () => {
  const client = await clientOf('admin')
  const added = await client.mutate<{ createTeam: TeamData }>({
    mutation: gql(ADD_TEAM),
    variables: { name: 'Viewed' },
  })
  const id = added.data?.createTeam.team?.id
  const shown = await open(client.watchQuery<TeamData>({ query: gql(TEAM), variables: { id } }))
  expect(shown()?.team?.description).toBe(null)
  await client.mutate({ mutation: gql(DESCRIBE_TEAM), variables: { id, text: 'Seen at once' } })
  await eventually(() => shown()?.team?.description).toBe('Seen at once')
})

test('a mutation sent again with its idempotency key is answered with the first result', async () => {
  const client = await clientOf('admin')
  const add = async (): Promise<unknown> => {
    const { data } = await client.mutate({
      mutation: gql(ADD_TEAM),
      variables: { name: 'Sent twice' },
      context: { headers: { 'idempotency-key': 'apollo-adds-a-team' } },
    })
    return data
  }
  const first = await add()
  expect(await add()).toEqual(first)
})

test('an optimistic change of what has changed since is taken back, and the error holds what it is now', async () => {
  const client = await clientOf('admin')
  const id = await newTeam(acme, 'Contended')
  const descriptions: unknown[] = []
  const shown = await open(client.watchQuery<TeamData>({ query: gql(TEAM), variables: { id } }), (data) =>
    descriptions.push(data?.team?.description),
  )
  await describeElsewhere(acme, id, 'theirs')
  const team = { ...shown()?.team, description: 'mine' }
  const refusal = client.mutate({
    mutation: gql(DESCRIBE_TEAM),
    variables: { id, text: 'mine', seen: team.updatedAt },
    optimisticResponse: { updateTeam: { __typename: 'UpdateTeamPayload', team } },
  })
  const [error] = errorsOf(await refusal.catch((reason: unknown) => reason))
  expect(error?.extensions).toMatchObject({ code: 'CONFLICT', current: { id, description: 'theirs' } })
  await eventually(() => descriptions).toEqual([null, 'mine', null])
})

test('a document goes by its hash alone, once the gateway knows it', async () => {
  const bodies: { readonly query?: string }[] = []
  const http = new HttpLink({
    uri: `${await gateway.url()}/graphql`,
    headers: await acme.as('admin').headers(),
    fetch: (uri, init) => {
      bodies.push(JSON.parse(String(init?.body)) as (typeof bodies)[0])
      return fetch(uri, init)
    },
  })
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
  const link = new PersistedQueryLink({ sha256 }).concat(http)
  for (const client of [1, 2].map(() => new ApolloClient({ link, cache: new InMemoryCache() }))) {
    const { data } = await client.query({ query: gql('query ByHash { viewer { role } }') })
    expect(data).toMatchObject({ viewer: { role: 'ADMIN' } })
  }
  expect(bodies.map(({ query }) => query !== undefined)).toEqual([false, true, false])
})

describe('refusals are errors of Apollo Client with their code', () => {
  test.each([
    [
      'UNAUTHENTICATED',
      async () => (await clientWith('nonsense')).query({ query: gql(TEAM), variables: { id: 'x' } }),
    ],
    [
      'FORBIDDEN',
      async () => (await clientOf('viewer')).mutate({ mutation: gql(ADD_TEAM), variables: { name: 'No' } }),
    ],
    [
      'BAD_USER_INPUT',
      async () => (await clientOf('admin')).query({ query: gql(TEAM), variables: { id: 'x' } }),
    ],
  ])('%s', async (code, act) => {
    const [error] = errorsOf(await act().catch((reason: unknown) => reason))
    expect(error?.extensions).toMatchObject({ code })
  })
})

test('a subscription brings a change of others into every view of the object', async () => {
  const client = await clientOf('admin')
  const id = await newTeam(acme, 'Followed')
  const shown = await open(client.watchQuery<TeamData>({ query: gql(TEAM), variables: { id } }))
  const subscription = client.subscribe({ query: gql(FOLLOW_TEAM), variables: { id } }).subscribe({})
  await subscribed(gateway, 1)
  await describeElsewhere(acme, id, 'Changed elsewhere')
  await eventually(() => shown()?.team?.description).toBe('Changed elsewhere')
  subscription.unsubscribe()
  await subscribed(gateway, 0)
})

/** How a subscription ends that is refused. */
function refusalOf(client: ApolloClient): Promise<unknown> {
  return new Promise((resolve) => {
    client.subscribe({ query: gql(FOLLOW_KEYS) }).subscribe(({ error }) => resolve(error))
  })
}

test('a subscription that takes more rights ends with the error and its code', async () => {
  const [error] = errorsOf(await refusalOf(await clientOf('viewer')))
  expect(error?.extensions).toEqual({ code: 'FORBIDDEN', permission: 'api_key.read' })
})

test('a WebSocket that is not let in says so by its close code', async () => {
  expect(String(await refusalOf(await clientWith('nonsense')))).toContain('event 4401')
})

test('the set-up leaves the cache nothing to warn of', async () => {
  const warn = vi.spyOn(console, 'warn')
  const error = vi.spyOn(console, 'error')
  const client = await clientOf('admin')
  for (const query of [
    '{ viewer { role } organization { id name } }',
    '{ viewer { modules } organization { id plan } }',
  ])
    await client.query({ query: gql(query) })
  expect(client.readQuery({ query: gql('{ viewer { role modules } }') })).toMatchObject({
    viewer: { role: 'ADMIN' },
  })
  expect([warn.mock.calls, error.mock.calls]).toEqual([[], []])
})
